using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// Masked whitening: <c>(x − mean) / sqrt(variance + 1e-8)</c>, plus the mean again unless <see cref="ShiftMean"/>; 0 where the mask is 0.
/// </summary>
/// <remarks>
/// Fewer than two counted positions have no scale: they are only shifted. Determinism as <see cref="MaskedMeanArgs"/>.
/// </remarks>
public readonly struct WhitenArgs
{
    /// <summary>[B, T] values.</summary>
    public required ReadOnlyView<float> Values { get; init; }

    /// <summary>[B, T] optional mask.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Divide the variance by n − 1 (TRL, verl) instead of n (N+).</summary>
    public required bool Unbiased { get; init; }

    /// <summary>True: the result has mean 0 (advantages). False: it keeps its mean (rewards).</summary>
    public required bool ShiftMean { get; init; }

    /// <summary>[3] optional: count, mean, variance measured elsewhere (over all ranks or micro-batches). Left out: of these values.</summary>
    public ReadOnlyView<float> GivenStats { get; init; }

    /// <summary>[B, T] result; may be the memory of <see cref="Values"/>.</summary>
    public required View<float> Whitened { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        Require.OptionalShape(Mask, Values.Rows, Values.Cols);
        Require.OptionalShape(GivenStats, MaskedMeanArgs.StatsLength, 1);
        Require.Shape<float>(Whitened, Values.Rows, Values.Cols);
    }
}
