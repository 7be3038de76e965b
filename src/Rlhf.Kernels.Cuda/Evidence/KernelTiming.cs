namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Time of a kernel call on a device.</summary>
/// <param name="Kernel">Kind of call.</param>
/// <param name="Dtype">Storage type.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Launches">Launches a call; 0 where a plan cannot hold it (products of a library between them).</param>
/// <param name="Iterations">Calls between the two events.</param>
/// <param name="Microseconds">Time of one call.</param>
/// <param name="Bytes">Least bytes of one call.</param>
public sealed record KernelTiming(string Kernel, string Dtype, string Shape, int Launches, int Iterations, double Microseconds, double Bytes)
{
    /// <summary>Least bytes over the time, in 1e9 bytes a second.</summary>
    public double GigabytesPerSecond => Bytes / Microseconds / 1e3;
}
