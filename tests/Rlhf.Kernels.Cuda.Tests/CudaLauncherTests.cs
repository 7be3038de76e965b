using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Policy;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Tests;

public sealed class CudaLauncherTests
{
    private const string Module = "policy/ppo_clip_loss", Entry = "rlhf_ppo_clip_loss_f32";

    [Test]
    public void Function_HasTheBlockSizeOfItsLaunchBound()
    {
        using Session session = new();
        Assert.That(session.Kernels.Launcher.Function(Module, Entry).Threads, Is.EqualTo(256));
    }

    [Test]
    public void Function_ThatIsNotThere_NamesModuleAndEntry()
    {
        using Session session = new();
        Assert.That(
            () => session.Kernels.Launcher.Function(Module, "rlhf_nothing_f32"),
            Throws.TypeOf<CudaException>().With.Message.StartsWith($"kernel module {Module} has no entry rlhf_nothing_f32"));
    }

    [Test]
    public void Launch_ThatFails_NamesKernelGridBlockAndSharedBytes()
    {
        using Session session = new();
        CudaLauncher launcher = session.Kernels.Launcher;
        CudaFunction function = launcher.Function(Module, Entry);

        // Twelve bytes cannot be this kernel's parameters.
        Assert.That(
            () => launcher.Launch(function, 5, (1, 2, 3)),
            Throws.TypeOf<CudaException>().With.Message.Match(
                $@"^launch of {Entry} failed: CUDA_ERROR_\w+: .* \(grid 5, block 256, [0-9]+ \+ 0 bytes of shared memory, cluster 1\)$"));
        Emulator.ResetFault();
    }

    [Test]
    public void Launch_OfNoBlocks_DoesNothing()
    {
        using Session session = new();
        CudaLauncher launcher = session.Kernels.Launcher;
        CudaFunction function = launcher.Function(Module, Entry);
        long before = Emulator.Launches(Entry);
        launcher.Launch(function, 0, default(PpoClipLossParams));
        Assert.That(Emulator.Launches(Entry), Is.EqualTo(before));
    }

    [Test]
    public void Launch_WithMoreSharedMemoryThanABlockCanHave_SaysHowMuch()
    {
        using Session session = new();
        CudaLauncher launcher = session.Kernels.Launcher;
        CudaFunction function = launcher.Function(Module, Entry);
        Assert.That(
            () => launcher.Launch(function, 1, default(PpoClipLossParams), sharedBytes: 1 << 20),
            Throws.TypeOf<CudaException>().With.Message.Contains($"{Entry} asks for {1 << 20} + ").And.Message.Contains($"has {launcher.SharedBytesPerBlock}"));
    }

    [Test]
    public void Launch_OfTooManyBlocks_Throws()
    {
        using Session session = new();
        CudaLauncher launcher = session.Kernels.Launcher;
        CudaFunction function = launcher.Function(Module, Entry);
        Assert.That(() => launcher.Launch(function, 1L << 31, default(PpoClipLossParams)), Throws.ArgumentException.With.Message.Contains("2147483648 blocks"));
    }

    [Test]
    public void Call_AllocatesNothing()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out _, out _);
        session.Kernels.PpoClipLoss(args);
        long before = GC.GetAllocatedBytesForCurrentThread();
        session.Kernels.PpoClipLoss(args);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Call_FromAnotherThread_Works()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out var grad, out _);
        Exception? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                session.Kernels.PpoClipLoss(args);
            }
            catch (CudaException e)
            {
                thrown = e;
            }
        });
        thread.Start();
        thread.Join();
        Assert.That(thrown, Is.Null);
        Assert.That(session.Read(grad), Has.Some.Not.Zero);
    }

    [Test]
    public void ErrorWord_WithoutBadInput_IsSilent()
    {
        using Session session = new();
        session.Kernels.PpoClipLoss(session.PpoClipLoss(out _, out _));
        Assert.That(session.Kernels.ThrowIfBadInput, Throws.Nothing);
    }
}
