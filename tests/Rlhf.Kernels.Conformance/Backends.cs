using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>The backends that every conformance test runs on. A new backend is added here and nowhere else.</summary>
public static class Backends
{
    private static readonly Lazy<IKernels>[] Instances =
        [.. Enum.GetValues<SimdWidth>().Where(Wanted).Select(width => new Lazy<IKernels>(() => new CpuKernels(threads: 2, width)))];

    /// <summary>NUnit source: one entry a backend, named by it.</summary>
    public static IEnumerable<IKernels> All => Instances.Select(instance => instance.Value);

    // A child process of the width tests runs the width it was given, natively, and no other.
    private static bool Wanted(SimdWidth width) => !WidthChild.IsChild || width == CpuKernels.WidestNative;
}
