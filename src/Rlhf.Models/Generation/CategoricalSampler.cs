using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Models.Generation;

/// <summary>Draws from softmax(logits / temperature), optionally truncated, with the log-prob taken in the same visit of the logits.</summary>
/// <param name="kernels">Backend that draws.</param>
/// <param name="seed">Key of the random numbers; a sequence's draws depend on it, the sequence's identity and the position alone.</param>
public sealed class CategoricalSampler(IKernels kernels, ulong seed) : ITokenSampler
{
    /// <summary>Divides the logits. Default 1.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Draw among this many tokens; 0 (the default): all.</summary>
    public int TopK { get; init; }

    /// <summary>Draw among the most likely tokens of this mass; 1 (the default): all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Log-probs of the truncated distribution instead of the full one. Default false.</summary>
    public bool TruncatedLogprobs { get; init; }

    /// <inheritdoc/>
    public void Sample(
        ReadOnlyView<float> logits, ReadOnlyView<long> sequences, ReadOnlyView<int> positions, View<int> tokens, View<float> logprobs) =>
        kernels.Categorical(new CategoricalArgs<float>
        {
            Logits = logits,
            Transform = new LogitTransform { Temperature = Temperature },
            TopK = TopK,
            TopP = TopP,
            TruncatedLogprobs = TruncatedLogprobs,
            Seed = seed,
            Sequences = sequences,
            Positions = positions,
            Tokens = tokens,
            Logprobs = logprobs,
        });
}
