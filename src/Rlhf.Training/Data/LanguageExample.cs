namespace Rlhf.Training.Data;

/// <summary>Tokens whose successors are learned: token i predicts token i + 1.</summary>
/// <param name="Ids">At least two tokens.</param>
/// <param name="FirstTarget">Index of the first token that counts in the loss, from 1.</param>
public readonly record struct LanguageExample(ReadOnlyMemory<int> Ids, int FirstTarget)
{
    /// <summary>Tokens that count in the loss.</summary>
    public int TargetCount => Ids.Length - FirstTarget;
}
