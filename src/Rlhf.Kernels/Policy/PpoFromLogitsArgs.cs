using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// Log-prob, clipped policy loss and the gradient with respect to the raw logits in one visit of each row:
/// <see cref="TokenLogprobsForwardArgs{T}"/>, <see cref="PpoClipLossArgs"/> and <see cref="TokenLogprobsBackwardArgs{T}"/> fused.
/// The minimum traffic is one read and one write of the logits.
/// </summary>
/// <remarks>Determinism: bitwise equal for any number of threads, and each row's results for a row alone or in any batch.</remarks>
/// <typeparam name="T">Storage of logits and gradient: <see cref="float"/> or <see cref="BFloat16"/>.</typeparam>
public readonly struct PpoFromLogitsArgs<T>
    where T : unmanaged
{
    /// <summary>[N, V] raw logits.</summary>
    public required ReadOnlyView<T> Logits { get; init; }

    /// <summary>[N] selected token ids.</summary>
    public required ReadOnlyView<int> Targets { get; init; }

    /// <summary>[N] log-probs at sampling time.</summary>
    public required ReadOnlyView<float> OldLogprobs { get; init; }

    /// <summary>[N] advantages.</summary>
    public required ReadOnlyView<float> Advantages { get; init; }

    /// <summary>[N] optional mask.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Scale, soft cap and temperature.</summary>
    public LogitTransform Transform { get; init; }

    /// <summary>Clip ranges.</summary>
    public PpoClipOptions Options { get; init; }

    /// <summary>Adds −EntropyCoef · entropy to each counted token's loss. Default 0; the entropy is still reported when <see cref="Entropy"/> is given.</summary>
    public float EntropyCoef { get; init; }

    /// <summary>Counted tokens over all micro-batches and ranks.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[N] optional weight of each token; any stride. Left out: 1.</summary>
    public ReadOnlyView<float> Weights { get; init; }

    /// <summary>[N] result.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>[N, V] result: d loss / d Logits. May be the memory of <see cref="Logits"/> (they are then overwritten).</summary>
    public required View<T> GradLogits { get; init; }

    /// <summary>[<see cref="PpoClipStats.Length"/>] result.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Logits.Rows;
        Require.Shape(Targets, n, 1);
        Require.Shape(OldLogprobs, n, 1);
        Require.Shape(Advantages, n, 1);
        Require.OptionalShape(Mask, n, 1);
        Require.OptionalShape(Weights, n, 1);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        Require.Shape<T>(GradLogits, n, Logits.Cols);
        Require.Shape<float>(Stats, PpoClipStats.Length, 1);
        Require.Positive(Normalizer);
        Transform.Validate();
        Options.Validate();
        Require.Targets(Targets, Mask, Logits.Cols);
    }
}
