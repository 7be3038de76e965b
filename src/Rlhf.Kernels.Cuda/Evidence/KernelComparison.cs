namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>A kernel's results on the device beside those of the processor on the same data.</summary>
/// <param name="Kernel">Kind of call.</param>
/// <param name="Dtype">Storage type on the device; the processor computes from the same rounded numbers in f32.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Error">Largest difference over what is allowed: 1 and less is right.</param>
/// <param name="Worst">Where the largest difference is, in words.</param>
public sealed record KernelComparison(string Kernel, string Dtype, string Shape, double Error, string Worst)
{
    /// <summary>Whether every result is right.</summary>
    public bool Holds => Error <= 1;
}
