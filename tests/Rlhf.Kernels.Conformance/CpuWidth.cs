using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>For tests of the managed matrix product, which is the processor's alone; on other backends they are skipped.</summary>
internal static class CpuWidth
{
    /// <summary>The width to run it at.</summary>
    public static SimdWidth Of(IKernels kernels)
    {
        if (kernels is not CpuKernels)
        {
            Assert.Ignore($"{kernels.Name} has matrix products of its own: the managed one is tested with the processor's kernels");
        }

        return ((CpuKernels)kernels).Width;
    }
}
