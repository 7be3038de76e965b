using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Tests.Driver;

public sealed class CudaGraphTests
{
    [Test]
    public void Replay_ComputesWhatTheCallComputes()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out var grad, out var stats);
        session.Kernels.PpoClipLoss(args);
        float[] expected = session.Read(grad), expectedStats = session.Read(stats);
        using CudaGraph graph = CudaGraph.Capture(session.Stream, () => session.Kernels.PpoClipLoss(args));
        for (int replay = 0; replay < 2; replay++)
        {
            grad.Fill(0, session.Stream);
            stats.Fill(0, session.Stream);
            graph.Launch(session.Stream);
            Assert.That(session.Read(grad), Is.EqualTo(expected));
            Assert.That(session.Read(stats), Is.EqualTo(expectedStats));
        }
    }

    [Test]
    public void Capture_RunsNothing()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out var grad, out _);
        session.Kernels.PpoClipLoss(args);
        grad.Fill(0, session.Stream);
        CudaGraph.Capture(session.Stream, () => session.Kernels.PpoClipLoss(args)).Dispose();
        Assert.That(session.Read(grad), Is.All.Zero);
    }

    [Test]
    public void Capture_OfAShapeWhoseScratchMustGrow_IsRefused()
    {
        using Session session = new();
        session.Kernels.PpoClipLoss(session.PpoClipLoss(out _, out _));
        Assert.That(
            () => CudaGraph.Capture(session.Stream, () => session.Kernels.Launcher.Partials(64, 1 << 16)),
            Throws.InvalidOperationException.With.Message.Contains("while the stream captures: run a call of this shape once before"));
        Assert.That(session.Stream.IsCapturing, Is.False);
    }

    [Test]
    public void Scratch_ThatGrew_LeavesTheAddressesOfAGraphValid()
    {
        using Session session = new();
        PpoClipLossArgs args = session.PpoClipLoss(out var grad, out _);
        session.Kernels.PpoClipLoss(args);
        float[] expected = session.Read(grad);
        using CudaGraph graph = CudaGraph.Capture(session.Stream, () => session.Kernels.PpoClipLoss(args));
        session.Kernels.Launcher.Partials(64, 1 << 16);
        grad.Fill(0, session.Stream);
        graph.Launch(session.Stream);
        Assert.That(session.Read(grad), Is.EqualTo(expected));
    }

    [Test]
    public void Event_MeasuresTimeBetweenTwoMarks()
    {
        using Session session = new();
        using CudaEvent start = new(session.Device), end = new(session.Device);
        start.Record(session.Stream);
        session.Kernels.PpoClipLoss(session.PpoClipLoss(out _, out _));
        end.Record(session.Stream);
        end.Synchronize();
        Assert.That(end.MillisecondsSince(start), Is.AtLeast(0f));
    }
}
