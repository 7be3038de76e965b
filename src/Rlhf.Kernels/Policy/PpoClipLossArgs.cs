using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// Clipped policy loss over a batch of responses, with its gradient, in one pass (Schulman et al. 2017, eq. 7):
/// <c>ratio = exp(logprob − oldLogprob)</c>,
/// <c>loss = Σ_b RowWeights[b] Σ_t mask · max(−A ratio, −A clip(ratio, 1−low, 1+high)) / Normalizer</c>.
/// </summary>
/// <remarks>
/// Where both branches are equal the gradient is that of the unclipped one (at ratio 1 the two agree).
/// Masked positions are never read into a result: NaN there changes nothing, and their gradient is 0.
/// Determinism: bitwise equal for any number of threads. An empty or fully masked batch gives loss 0.
/// </remarks>
public readonly struct PpoClipLossArgs
{
    /// <summary>[B, T] current log-probs.</summary>
    public required ReadOnlyView<float> Logprobs { get; init; }

    /// <summary>[B, T] log-probs at sampling time.</summary>
    public required ReadOnlyView<float> OldLogprobs { get; init; }

    /// <summary>[B, T] advantages.</summary>
    public required ReadOnlyView<float> Advantages { get; init; }

    /// <summary>[B, T] optional: 1 where the token counts.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Clip ranges.</summary>
    public PpoClipOptions Options { get; init; }

    /// <summary>Counted tokens over all micro-batches and ranks (token mean), or what <see cref="LossAggregation"/> says.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[B] optional weight of each row (sequence-level means); any stride. Left out: 1.</summary>
    public ReadOnlyView<float> RowWeights { get; init; }

    /// <summary>[B, T] result: d loss / d Logprobs. Left out: not computed.</summary>
    public View<float> GradLogprobs { get; init; }

    /// <summary>[<see cref="PpoClipStats.Length"/>] result.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Logprobs.Rows, cols = Logprobs.Cols;
        Require.Shape(OldLogprobs, rows, cols);
        Require.Shape(Advantages, rows, cols);
        Require.OptionalShape(Mask, rows, cols);
        Require.OptionalShape(RowWeights, rows, 1);
        Require.OptionalShape<float>(GradLogprobs, rows, cols);
        Require.Shape<float>(Stats, PpoClipStats.Length, 1);
        Require.Positive(Normalizer);
        Options.Validate();
    }
}
