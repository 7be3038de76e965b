using Rlhf.Kernels.Cuda;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>The backends that every conformance test runs on. A new backend is added here and nowhere else.</summary>
public static class Backends
{
    private static readonly Lazy<IKernels>[] Instances =
        [.. Enum.GetValues<SimdWidth>().Where(Wanted).Select(width => new Lazy<IKernels>(() => new CpuKernels(threads: 2, width)))];

    private static readonly Lazy<(IKernels? Kernels, string? Error)> Emulated = new(OpenEmulator);

    /// <summary>NUnit source: one entry a backend, named by it.</summary>
    public static IEnumerable<IKernels> All =>
        Instances.Select(instance => instance.Value).Concat(Emulated.Value.Kernels is { } emulated ? [emulated] : []);

    /// <summary>Why the CUDA kernels on the emulator are not among them, as one line; null when they are.</summary>
    public static string? EmulatorUnavailable => Emulated.Value.Error;

    // A child process of the width tests runs the width it was given, natively, and no other.
    private static bool Wanted(SimdWidth width) => !WidthChild.IsChild || width == CpuKernels.WidestNative;

    private static (IKernels? Kernels, string? Error) OpenEmulator()
    {
        if (WidthChild.IsChild)
        {
            return (null, "a child process of the width tests runs one width of the processor's kernels");
        }

        try
        {
            return (StagedKernels.Open(0, CudaDriver.LoadEmulator()), null);
        }
        catch (CudaException e)
        {
            return (null, e.Message);
        }
    }
}
