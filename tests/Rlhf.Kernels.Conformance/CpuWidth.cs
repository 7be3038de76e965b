using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>The processor's width that a backend is compared at: its own, or the widest where it is no processor's.</summary>
internal static class CpuWidth
{
    public static SimdWidth Of(IKernels kernels) => (kernels as CpuKernels)?.Width ?? CpuKernels.WidestNative;
}
