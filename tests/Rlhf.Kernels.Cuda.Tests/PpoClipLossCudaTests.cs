using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Tests;

/// <summary>The staged call against the processor's; the conformance suite holds both against the reference.</summary>
public sealed class PpoClipLossCudaTests
{
    [Test]
    public void Staged_EqualsTheProcessors([Values(0, 1, 5)] int rows, [Values(1, 31, 4099)] int cols, [Values] bool pitched)
    {
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        using CpuKernels cpu = new(threads: 1);
        int stride = pitched ? cols + 3 : cols;
        using HostBuffer<float> logprobs = Random(rows * stride, 1, -1f), old = Random(rows * stride, 2, -1f), advantages = Random(rows * stride, 3, 0f);
        using HostBuffer<byte> mask = new(rows * stride);
        for (int i = 0; i < mask.Length; i++)
        {
            mask.Span[i] = (byte)(i % 4 == 0 ? 0 : 1);
        }

        var (cpuGrad, cpuStats) = Run(cpu);
        var (cudaGrad, cudaStats) = Run(cuda);
        Assert.That(cudaGrad, Is.EqualTo(cpuGrad).Within(1e-6f));
        Assert.That(cudaStats, Is.EqualTo(cpuStats).Within(1e-3f).Percent);

        unsafe (float[] Grad, float[] Stats) Run(IKernels kernels)
        {
            using HostBuffer<float> grad = new(rows * stride), stats = new(PpoClipStats.Length);
            grad.Span.Fill(-7f);
            stats.Span.Fill(-7f);
            kernels.PpoClipLoss(new PpoClipLossArgs
            {
                Logprobs = new ReadOnlyView<float>(logprobs.Pointer, rows, cols, stride),
                OldLogprobs = new ReadOnlyView<float>(old.Pointer, rows, cols, stride),
                Advantages = new ReadOnlyView<float>(advantages.Pointer, rows, cols, stride),
                Mask = new ReadOnlyView<byte>(mask.Pointer, rows, cols, stride),
                Normalizer = 11f,
                Options = new PpoClipOptions { DualClip = 3f },
                GradLogprobs = new View<float>(grad.Pointer, rows, cols, stride),
                Stats = stats.View(PpoClipStats.Length),
            });
            return (grad.Span.ToArray(), stats.Span.ToArray());
        }
    }

    private static HostBuffer<float> Random(int count, int seed, float shift)
    {
        Random random = new(seed);
        return new HostBuffer<float>(Enumerable.Range(0, count).Select(_ => shift + random.NextSingle() - 0.5f).ToArray());
    }
}
