using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Reward;

/// <summary>Scores whole sequences: gain · head(last real token) + bias. Padding changes nothing.</summary>
/// <param name="model">The reward model; stays the caller's.</param>
/// <param name="batchSize">Sequences a forward.</param>
public sealed class RewardScorer(ScalarModel model, int batchSize = 32) : IDisposable
{
    private readonly TokenBatchBuffer _batch = new();
    private HostBuffer<float> _scores = new(0);

    /// <summary>The reward model.</summary>
    public ScalarModel Model => model;

    /// <summary>One score a sequence.</summary>
    /// <param name="sequences">[N] prompt and response as tokens, each at least one.</param>
    /// <returns>[N].</returns>
    public float[] Score(IReadOnlyList<ReadOnlyMemory<int>> sequences)
    {
        float[] scores = new float[sequences.Count];
        int next = 0;
        foreach (ReadOnlyMemory<int>[] chunk in sequences.Chunk(batchSize))
        {
            _batch.Fill(chunk, PaddingSide.Right);
            TokenBatchBuffer.Grow(ref _scores, chunk.Length);
            model.Forward(_batch.Tokens, _batch.LastRows, _scores.View(chunk.Length));
            _scores.Span[..chunk.Length].CopyTo(scores.AsSpan(next));
            next += chunk.Length;
        }

        return scores;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _scores.Dispose();
    }
}
