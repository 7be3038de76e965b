using Rlhf.Kernels.Memory;
using Rlhf.Models.Generation;

namespace Rlhf.Training.Ppo;

/// <summary>Shows a sampler the first tokens of the vocabulary only, so that the rest (padding, unused rows) is never drawn (spec statement 37).</summary>
/// <param name="inner">Draws.</param>
/// <param name="vocabulary">Number of tokens that may be drawn.</param>
internal sealed class VocabularySampler(ITokenSampler inner, int vocabulary) : ITokenSampler
{
    /// <inheritdoc/>
    public unsafe void Sample(
        ReadOnlyView<float> logits, ReadOnlyView<long> sequences, ReadOnlyView<int> positions, View<int> tokens, View<float> logprobs) =>
        inner.Sample(
            new ReadOnlyView<float>(logits.Pointer, logits.Rows, Math.Min(vocabulary, logits.Cols), logits.RowStride, logits.Device),
            sequences,
            positions,
            tokens,
            logprobs);
}
