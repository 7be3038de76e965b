using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// Clipped value loss with its gradient in one pass (openai/baselines' PPO2, TRL):
/// <c>clipped = oldValue + clamp(value − oldValue, ±ClipRange)</c>,
/// <c>loss = ½ Σ_b RowWeights[b] Σ_t mask · max((value − return)², (clipped − return)²) / Normalizer</c>.
/// </summary>
/// <remarks>
/// Gradient: value − return where the unclipped square is at least the clipped one, else clipped − return inside the
/// clip range and 0 outside. Masked positions never reach a result. Determinism: bitwise equal for any number of threads.
/// </remarks>
public readonly struct ValueClipLossArgs
{
    /// <summary>[B, T] current values.</summary>
    public required ReadOnlyView<float> Values { get; init; }

    /// <summary>[B, T] values at sampling time.</summary>
    public required ReadOnlyView<float> OldValues { get; init; }

    /// <summary>[B, T] returns (targets).</summary>
    public required ReadOnlyView<float> Returns { get; init; }

    /// <summary>[B, T] optional mask.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Clip distance; +∞ turns clipping off.</summary>
    public required float ClipRange { get; init; }

    /// <summary>Counted positions over all micro-batches and ranks.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[B] optional weight of each row; any stride. Left out: 1.</summary>
    public ReadOnlyView<float> RowWeights { get; init; }

    /// <summary>[B, T] result: d loss / d Values. Left out: not computed.</summary>
    public View<float> GradValues { get; init; }

    /// <summary>[<see cref="ValueClipStats.Length"/>] result.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Values.Rows, cols = Values.Cols;
        Require.Shape(OldValues, rows, cols);
        Require.Shape(Returns, rows, cols);
        Require.OptionalShape(Mask, rows, cols);
        Require.OptionalShape(RowWeights, rows, 1);
        Require.OptionalShape<float>(GradValues, rows, cols);
        Require.Shape<float>(Stats, ValueClipStats.Length, 1);
        Require.Positive(Normalizer);
        Require.Within(ClipRange, 0f, float.PositiveInfinity);
    }
}
