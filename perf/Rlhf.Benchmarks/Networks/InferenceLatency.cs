using System.Diagnostics;
using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;

namespace Rlhf.Benchmarks.Networks;

/// <summary>Latency of single calls of a policy (17 → 64 → 64 → 6, tanh), as every environment step makes one.</summary>
internal static class InferenceLatency
{
    private const int Calls = 50_000, Inputs = 17, Hidden = 64, Outputs = 6;

    /// <summary>Times every one of 50,000 calls over so many rows.</summary>
    public static BenchmarkRow Measure(int threads, int rows)
    {
        using var network = new Network(NetworkSpec.Mlp(Inputs, [Hidden, Hidden], Outputs, NetworkLayer.Tanh, outputGain: 0.01f), seed: 1);
        using var buffer = new HostBuffer<float>(rows * Inputs);
        var random = new Random(1);
        foreach (ref float value in buffer.Span)
        {
            value = random.NextSingle() - 0.5f;
        }

        ReadOnlyView<float> input = buffer.View(rows, Inputs);
        Validate(network, input);
        long[] ticks = new long[Calls];
        // The first pass is for the compiler's last tier; only the second counts.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < Calls; i++)
            {
                long start = Stopwatch.GetTimestamp();
                network.Forward(input, ForwardMode.Inference);
                ticks[i] = Stopwatch.GetTimestamp() - start;
            }

            Thread.Sleep(200);
        }

        Array.Sort(ticks);
        double median = (double)ticks[Calls / 2] / Stopwatch.Frequency;
        int[] sizes = [rows, Inputs, Hidden, Outputs];
        using PeerProcess? peer = PeerProcess.Start("mlp_inference", sizes, threads, tuned: true);
        using PeerProcess? untuned = PeerProcess.Start("mlp_inference", sizes, threads, tuned: false);
        return new BenchmarkRow
        {
            Name = "mlp_inference",
            Shape = sizes,
            Threads = threads,
            Seconds = median,
            Bytes = sizeof(float) * ((long)network.Weights.Rows + (rows * (Inputs + Outputs))),
            Peer = "eager PyTorch: torch.nn.Sequential under inference_mode",
            PeerSeconds = peer is null ? null : AfterWarmUp(peer),
            PeerUntunedSeconds = untuned is null ? null : AfterWarmUp(untuned),
            Calls = Calls,
            P50Seconds = median,
            P99Seconds = (double)ticks[Calls * 99 / 100] / Stopwatch.Frequency,
        };
    }

    /// <summary>The direct path against libtorch's operations.</summary>
    private static void Validate(Network network, ReadOnlyView<float> input)
    {
        float direct = network.Forward(input, ForwardMode.Inference)[0], recorded = network.Forward(input, ForwardMode.Evaluation)[0];
        if (!(Math.Abs(direct - recorded) <= 1e-6))
        {
            throw new InvalidDataException($"mlp_inference: {direct:R}, libtorch's operations give {recorded:R}");
        }
    }

    private static double AfterWarmUp(PeerProcess peer)
    {
        peer.Run(500);
        return peer.Run(5000) / 5000;
    }
}
