namespace Rlhf.Preferences;

/// <summary>What the store says to an answer.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="LabelId">The label that it is, where accepted; else 0.</param>
public readonly record struct AnswerResult(AnswerStatus Status, long LabelId);
