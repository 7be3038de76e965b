namespace Rlhf.Models.Generation;

/// <summary>What was generated for B prompts, T = the longest of them.</summary>
/// <param name="Columns">T.</param>
/// <param name="Tokens">[B, T] token ids, padded after each end.</param>
/// <param name="Logprobs">[B, T] log-prob of each token as it was drawn, 0 after each end.</param>
/// <param name="Lengths">[B] tokens of each sequence, the stop token included.</param>
public sealed record GenerationResult(int Columns, int[] Tokens, float[] Logprobs, int[] Lengths)
{
    /// <summary>The tokens of one sequence.</summary>
    public ReadOnlySpan<int> Sequence(int index) => Tokens.AsSpan(index * Columns, Lengths[index]);

    /// <summary>The log-probs of one sequence's tokens.</summary>
    public ReadOnlySpan<float> SequenceLogprobs(int index) => Logprobs.AsSpan(index * Columns, Lengths[index]);
}
