namespace Rlhf.Training.Reward;

/// <summary>One element of the reward loss: completions of a prompt with their ranks. A comparison of two is one with K = 2.</summary>
/// <param name="Sequences">Prompt and completion as tokens [K]; each scored at its last token.</param>
/// <param name="Ranks">Rank of each [K], smaller is better; equal ranks give no pair.</param>
/// <param name="Margin">Of a comparison of two: subtracted inside the sigmoid.</param>
public sealed record RewardExample(IReadOnlyList<ReadOnlyMemory<int>> Sequences, IReadOnlyList<int> Ranks, float Margin = 0);
