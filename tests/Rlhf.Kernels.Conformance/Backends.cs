using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>The backends that every conformance test runs on. A new backend is added here and nowhere else.</summary>
public static class Backends
{
    private static readonly Lazy<IKernels>[] Instances =
    [
        new(() => new CpuKernels(threads: 2, SimdWidth.Scalar)),
        new(() => new CpuKernels(threads: 2, SimdWidth.V128)),
        new(() => new CpuKernels(threads: 2, SimdWidth.V256)),
        new(() => new CpuKernels(threads: 2, SimdWidth.V512)),
    ];

    /// <summary>NUnit source: one entry a backend, named by it.</summary>
    public static IEnumerable<IKernels> All => Instances.Select(instance => instance.Value);
}
