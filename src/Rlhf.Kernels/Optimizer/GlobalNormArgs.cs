using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Optimizer;

/// <summary>
/// Euclidean norm over all gradients and the factor that clips it: <c>scale = min(1, MaxNorm / (norm + 1e-6))</c> (PyTorch's
/// clip_grad_norm_). The factor stays in memory for <see cref="AdamWArgs.GradScale"/>: no host read in between.
/// </summary>
/// <remarks>f64 partial sums of fixed blocks in a fixed order: bitwise equal for any number of threads. NaN or Inf in a gradient shows in the norm.</remarks>
public readonly struct GlobalNormArgs
{
    private readonly float? _maxNorm;

    /// <summary>[P] all gradients, contiguous.</summary>
    public required ReadOnlyView<float> Gradients { get; init; }

    /// <summary>Clip threshold; +∞ (the default) leaves the scale at 1.</summary>
    public float MaxNorm
    {
        get => _maxNorm ?? float.PositiveInfinity;
        init => _maxNorm = value;
    }

    /// <summary>[2] result: norm, scale.</summary>
    public required View<float> Result { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        Require.Shape<float>(Result, 2, 1);
        if (!Gradients.IsContiguous)
        {
            throw new ArgumentException($"Gradients is {Gradients} with row stride {Gradients.RowStride}, expected contiguous memory");
        }

        if (!(MaxNorm > 0f))
        {
            throw new ArgumentException($"MaxNorm is {MaxNorm}, expected above 0");
        }
    }
}
