using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Generation;

/// <summary>Chooses the next token of each row and tells its log-prob.</summary>
public interface ITokenSampler
{
    /// <summary>One token a row.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="sequences">[N] identity of each row's sequence, for draws that do not depend on the batch.</param>
    /// <param name="positions">[N] number of tokens generated before, stride 0.</param>
    /// <param name="tokens">[N] result.</param>
    /// <param name="logprobs">[N] result.</param>
    void Sample(
        ReadOnlyView<float> logits, ReadOnlyView<long> sequences, ReadOnlyView<int> positions, View<int> tokens, View<float> logprobs);
}
