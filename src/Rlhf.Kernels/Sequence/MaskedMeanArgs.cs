using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>Count, mean and variance over the positions that a mask counts.</summary>
/// <remarks>
/// Two sweeps (mean, then squared deviations) with f64 partial sums in a fixed order: bitwise equal for any number of threads.
/// Nothing counted: mean 0, variance 0. The unbiased variance of one position is 0. NaN outside the mask does not leak in.
/// </remarks>
public readonly struct MaskedMeanArgs
{
    /// <summary>Elements of the statistics view: count, mean, variance.</summary>
    public const int StatsLength = 3;

    /// <summary>[B, T] values.</summary>
    public required ReadOnlyView<float> Values { get; init; }

    /// <summary>[B, T] optional mask.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Divide by n − 1 (TRL, verl) instead of n (N+).</summary>
    public required bool Unbiased { get; init; }

    /// <summary>[3] result: count, mean, variance.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        Require.OptionalShape(Mask, Values.Rows, Values.Cols);
        Require.Shape<float>(Stats, StatsLength, 1);
    }
}
