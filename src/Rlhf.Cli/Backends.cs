using Rlhf.Kernels;
using Rlhf.Kernels.Cuda;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Simd;

namespace Rlhf.Cli;

/// <summary>The backends of kernels by the name that <c>--backend</c> takes. A new backend is one entry here.</summary>
internal static class Backends
{
    private static readonly Dictionary<string, Func<IKernels>> Factories = new()
    {
        ["cpu"] = () => new CpuKernels(),
        ["cpu-v512"] = () => new CpuKernels(width: SimdWidth.V512),
        ["cpu-v256"] = () => new CpuKernels(width: SimdWidth.V256),
        ["cpu-v128"] = () => new CpuKernels(width: SimdWidth.V128),
        ["cpu-scalar"] = () => new CpuKernels(width: SimdWidth.Scalar),
        ["cuda"] = () => StagedKernels.Open(),
        ["simt"] = () => StagedKernels.Open(0, CudaDriver.LoadEmulator()),
    };

    public static string[] Names => [.. Factories.Keys];

    public static IKernels Create(string name) => Factories[name]();
}
