namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>
/// A product's peaks, for predictions: memory in bytes a second, f32 arithmetic and matrix products (f16 or bf16) in flops a second,
/// as spec sheets have them.
/// </summary>
internal sealed record GpuPeaks(int Architecture, string Product, double Bandwidth, double Flops, double MatrixFlops)
{
    /// <summary>What an empty kernel takes between two events on a stream that is kept busy; an assumption.</summary>
    public const double LaunchMicroseconds = 2.5;

    private static readonly GpuPeaks[] Known =
    [
        new(70, "V100 SXM2", 0.90e12, 15.7e12, 125e12), new(80, "A100 80 GB", 2.04e12, 19.5e12, 312e12), new(90, "H100 SXM", 3.35e12, 67e12, 989e12),
    ];

    /// <summary>The product that stands for an architecture; null where none does.</summary>
    public static GpuPeaks? Of(int architecture) => Array.Find(Known, peaks => peaks.Architecture == architecture);

    /// <summary>The larger of the time for the bytes and the time for the arithmetic, and the launch.</summary>
    public double Microseconds(double bytes, double flops, double matrixFlops) =>
        (1e6 * Math.Max(bytes / Bandwidth, (flops / Flops) + (matrixFlops / MatrixFlops))) + LaunchMicroseconds;
}
