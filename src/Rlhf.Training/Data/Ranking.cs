namespace Rlhf.Training.Data;

/// <summary>K completions of one prompt, ranked.</summary>
/// <param name="Prompt">What all continue.</param>
/// <param name="Completions">The completions [K].</param>
/// <param name="Ranks">Rank of each [K], smaller is better; equal ranks are ties and give no pair.</param>
public sealed record Ranking(TokenText Prompt, IReadOnlyList<TokenText> Completions, IReadOnlyList<int> Ranks);
