namespace Rlhf.Environments;

/// <summary>Finished episodes in numbers; means are NaN when there was none.</summary>
/// <param name="Count">Episodes.</param>
/// <param name="MeanReturn">Mean of their undiscounted true returns.</param>
/// <param name="LowestReturn">The lowest return.</param>
/// <param name="HighestReturn">The highest return.</param>
/// <param name="MeanLength">Mean steps.</param>
public readonly record struct EpisodeSummary(long Count, double MeanReturn, double LowestReturn, double HighestReturn, double MeanLength);
