using System.Diagnostics;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Benchmarks.Harness;

/// <summary>Latency of single calls of the PPO loss with its gradient, where a user sees the cost of calling, not of computing.</summary>
internal static class SmallCalls
{
    private const int Calls = 100_000;

    /// <summary>Times every one of 100,000 calls over so many tokens.</summary>
    public static BenchmarkRow Measure(CpuKernels kernels, int tokens)
    {
        using var logprobs = new HostBuffer<float>(tokens);
        using var oldLogprobs = new HostBuffer<float>(tokens);
        using var advantages = new HostBuffer<float>(tokens);
        using var grad = new HostBuffer<float>(tokens);
        using var stats = new HostBuffer<float>(PpoClipStats.Length);
        var random = new Random(1);
        for (int i = 0; i < tokens; i++)
        {
            oldLogprobs.Span[i] = -3 * random.NextSingle();
            logprobs.Span[i] = oldLogprobs.Span[i] + random.NextSingle() - 0.5f;
            advantages.Span[i] = random.NextSingle() - 0.5f;
        }

        void Call() => kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = logprobs.View(1, tokens),
            OldLogprobs = oldLogprobs.View(1, tokens),
            Advantages = advantages.View(1, tokens),
            Normalizer = tokens,
            GradLogprobs = grad.View(1, tokens),
            Stats = stats.View(PpoClipStats.Length),
        });

        long[] ticks = new long[Calls];
        // The first pass is for the compiler's last tier; only the second counts.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < Calls; i++)
            {
                long start = Stopwatch.GetTimestamp();
                Call();
                ticks[i] = Stopwatch.GetTimestamp() - start;
            }

            Thread.Sleep(200);
        }

        Array.Sort(ticks);
        double median = (double)ticks[Calls / 2] / Stopwatch.Frequency;
        using PeerProcess? peer = PeerProcess.Start("ppo_loss", [tokens], kernels.Threads, tuned: true);
        using PeerProcess? untuned = PeerProcess.Start("ppo_loss", [tokens], kernels.Threads, tuned: false);
        return new BenchmarkRow
        {
            Name = "ppo_loss",
            Shape = [tokens],
            Threads = kernels.Threads,
            Seconds = median,
            Bytes = 4L * sizeof(float) * tokens,
            Peer = "eager PyTorch: loss from log-probs, forward and backward",
            PeerSeconds = peer is null ? null : AfterWarmUp(peer),
            PeerUntunedSeconds = untuned is null ? null : AfterWarmUp(untuned),
            Calls = Calls,
            P50Seconds = median,
            P99Seconds = (double)ticks[Calls * 99 / 100] / Stopwatch.Frequency,
        };
    }

    private static double AfterWarmUp(PeerProcess peer)
    {
        peer.Run(200);
        return peer.Run(2000) / 2000;
    }
}
