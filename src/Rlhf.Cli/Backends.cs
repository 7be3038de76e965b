using Rlhf.Kernels;
using Rlhf.Kernels.Cuda;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Simd;

namespace Rlhf.Cli;

/// <summary>The backends of kernels by the name that <c>--backend</c> takes. A new backend is one entry here.</summary>
internal static class Backends
{
    private static readonly Dictionary<string, Func<int, IKernels>> Factories = new()
    {
        ["cpu"] = threads => new CpuKernels(threads),
        ["cpu-v512"] = threads => new CpuKernels(threads, width: SimdWidth.V512),
        ["cpu-v256"] = threads => new CpuKernels(threads, width: SimdWidth.V256),
        ["cpu-v128"] = threads => new CpuKernels(threads, width: SimdWidth.V128),
        ["cpu-scalar"] = threads => new CpuKernels(threads, width: SimdWidth.Scalar),
        ["cuda"] = _ => StagedKernels.Open(),
        ["simt"] = _ => StagedKernels.Open(0, CudaDriver.LoadEmulator()),
    };

    public static string[] Names => [.. Factories.Keys];

    /// <summary>Kernels of a backend; the processor's run on so many threads (0: one a processor).</summary>
    public static IKernels Create(string name, int threads = 0) => Factories[name](threads);
}
