using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>Large shapes run on native widths only: an emulated register takes hundreds of times longer and runs the same body.</summary>
internal static class SmallOnly
{
    /// <summary>Skips the test, saying why, where the shape is large and the width is emulated here.</summary>
    public static void SkipEmulated(IKernels kernels, long elements)
    {
        if (elements > 20_000 && kernels is CpuKernels cpu && cpu.Width > CpuKernels.WidestNative)
        {
            Assert.Ignore($"{cpu.Width} is emulated on this machine: large shapes are left to the native widths");
        }
    }
}
