using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Tests;

public sealed class CudaPlanTests
{
    [Test]
    public void Launch_ComputesWhatTheCallComputes()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out var grad, out var stats);
        session.Kernels.PpoClipLoss(args);
        float[] expected = session.Read(grad), expectedStats = session.Read(stats);
        grad.Fill(0, session.Stream);
        stats.Fill(0, session.Stream);
        using CudaPlan plan = session.Kernels.Plan(kernels => kernels.PpoClipLoss(args));
        Assert.That(session.Read(grad), Is.All.Zero, "recording launches nothing");
        plan.Launch();
        Assert.That(session.Read(grad), Is.EqualTo(expected));
        Assert.That(session.Read(stats), Is.EqualTo(expectedStats));
    }

    [Test]
    public void Launch_AllocatesNothing()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out _, out _);
        using CudaPlan plan = session.Kernels.Plan(kernels => kernels.PpoClipLoss(args));
        plan.Launch();
        long before = GC.GetAllocatedBytesForCurrentThread();
        plan.Launch();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Plan_OfACallThatThrows_RecordsNoLonger()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out var grad, out _);
        Assert.That(() => session.Kernels.Plan(_ => throw new InvalidOperationException("no")), Throws.InvalidOperationException);
        session.Kernels.PpoClipLoss(args);
        Assert.That(session.Read(grad), Has.Some.Not.Zero);
    }

    [Test]
    public void Launch_AfterDispose_Throws()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out _, out _);
        CudaPlan plan = session.Kernels.Plan(kernels => kernels.PpoClipLoss(args));
        plan.Dispose();
        Assert.That(plan.Launch, Throws.TypeOf<ObjectDisposedException>());
    }
}
