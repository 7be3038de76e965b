using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>The widths as processors without the wider instructions would run them.</summary>
public sealed class WidthTests
{
    [TestCase("DOTNET_EnableAVX512", SimdWidth.V256)]
    [TestCase("DOTNET_EnableAVX2", SimdWidth.V128)]
    [TestCase("DOTNET_EnableHWIntrinsic", SimdWidth.Scalar)]
    public void Conformance_Holds_WithInstructionsSwitchedOff(string switchedOff, SimdWidth width)
    {
        if (WidthChild.IsChild)
        {
            Assert.Ignore("this is a child already");
        }

        if (CpuKernels.WidestNative < width)
        {
            Assert.Ignore($"this processor has no {width} to fall back to");
        }

        var (passed, output) = WidthChild.Run(width, switchedOff);
        TestContext.Out.WriteLine($"{width}: {passed} tests passed in the child");
        Assert.That(passed, Is.GreaterThan(1000), output);
    }

    [Test]
    public void WidestLanes_RunNatively_OrAreReportedAsEmulated()
    {
        using var kernels = new CpuKernels(threads: 1, SimdWidth.V512);
        Assert.That(kernels.Name, Is.EqualTo("cpu-V512"));
        TestContext.Out.WriteLine(
            CpuKernels.WidestNative == SimdWidth.V512
                ? "V512 runs natively"
                : $"V512 is emulated: this processor's widest registers are {CpuKernels.WidestNative}");
    }
}
