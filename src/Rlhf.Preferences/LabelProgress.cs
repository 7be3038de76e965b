namespace Rlhf.Preferences;

/// <summary>How far the labelling of a run is.</summary>
/// <param name="Queries">Queries made.</param>
/// <param name="Waiting">Answers still wanted, those being looked at included.</param>
/// <param name="Unanswered">Queries that nobody has answered yet; the others of those that wait do so for a further opinion.</param>
/// <param name="Locked">Of these, with a labeler at this moment.</param>
/// <param name="Answered">Answers that count, "cannot tell" included.</param>
/// <param name="CannotTell">Of these, without a use for training.</param>
/// <param name="ByLabeler">Answers that count, by labeler's id.</param>
public sealed record LabelProgress(
    long Queries, long Waiting, long Unanswered, long Locked, long Answered, long CannotTell, IReadOnlyDictionary<long, long> ByLabeler);
