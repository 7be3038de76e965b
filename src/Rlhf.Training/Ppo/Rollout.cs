namespace Rlhf.Training.Ppo;

/// <summary>One batch of episodes: numbers in native memory, text beside them.</summary>
/// <param name="Batch">[B, T] tensors.</param>
/// <param name="Completions">Prompts and responses, B of them.</param>
/// <param name="Drawn">[B] tokens as they were drawn, those after a stop token included.</param>
/// <param name="EosTokens">EOS tokens among all sampled ones, those after the end included.</param>
internal sealed record Rollout(RolloutBatch Batch, IReadOnlyList<Completion> Completions, int[][] Drawn, int EosTokens) : IDisposable
{
    /// <summary>Prompts as tokens.</summary>
    public IReadOnlyList<int[]> Prompts { get; } = [.. Completions.Select(completion => completion.PromptTokens)];

    /// <inheritdoc/>
    public void Dispose() => Batch.Dispose();
}
