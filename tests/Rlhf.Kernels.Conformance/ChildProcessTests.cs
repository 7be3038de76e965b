namespace Rlhf.Kernels.Conformance;

/// <summary>What a child process of the width tests asserts of itself; in any other process there is nothing to expect.</summary>
public sealed class ChildProcessTests
{
    [Test]
    public void NativeWidth_IsTheOneTheProcessWasGiven()
    {
        Assert.That(CpuKernels.WidestNative, Is.EqualTo(WidthChild.Expected ?? CpuKernels.WidestNative));
        Assert.That(Backends.All.OfType<CpuKernels>().Select(backend => backend.Width), Does.Contain(CpuKernels.WidestNative));
    }

    [Test]
    public void Emulator_IsAmongTheBackends()
    {
        if (Backends.EmulatorUnavailable is { } reason)
        {
            Assert.Ignore(reason);
        }

        Assert.That(Backends.All.Select(backend => backend.Name), Has.Some.StartsWith("simt-"));
    }
}
