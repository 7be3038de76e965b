namespace Rlhf.Preferences;

/// <summary>What happened to a run's comparisons since a reader last looked.</summary>
/// <param name="Added">New ones that count, oldest first.</param>
/// <param name="Withdrawn">Ids of earlier labels that no longer count (undone, replaced).</param>
/// <param name="Through">Where to go on from next time.</param>
public sealed record ComparisonChanges(IReadOnlyList<Comparison> Added, IReadOnlyList<long> Withdrawn, long Through);
