using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;

namespace Rlhf.Benchmarks.Networks;

/// <summary>
/// One step of fitting 3 reward predictors (2 × 64, leaky ReLU) to 64 pairs of 30-step clips each: forward, preference loss, backward, AdamW. All
/// members and pairs in one pass, beside the form of HumanCompatibleAI/imitation: member after member, pair after pair.
/// </summary>
internal static class EnsembleFit
{
    // A fit is thousands of steps in a row; the first dozens after the pause between rounds take twice as long, while threads and cores wake.
    private const double RoundSeconds = 0.3;
    private const int Members = 3, Pairs = 64, Length = 30, Inputs = 23;

    /// <summary>A row for each peer: the loop through this library, and eager PyTorch.</summary>
    public static IEnumerable<BenchmarkRow> Measure(CpuKernels kernels, int rounds)
    {
        using var batched = new BatchedFit(Members, Pairs, Length, Inputs);
        using var loop = new PairLoopFit(batched);
        Validate(kernels, batched, loop);

        int[] sizes = [Members, Pairs, Length, Inputs];
        using PeerProcess? tuned = PeerProcess.Start("ensemble_fit", sizes, kernels.Threads, tuned: true);
        using PeerProcess? untuned = PeerProcess.Start("ensemble_fit", sizes, kernels.Threads, tuned: false);
        var ours = Contestant.Of("batched", () => batched.Step(kernels));
        var pairs = Contestant.Of("pair by pair", () => loop.Step(kernels));
        Contestant? tunedPeer = tuned is null ? null : new Contestant("tuned", tuned.Run);
        Contestant? untunedPeer = untuned is null ? null : new Contestant("as installed", untuned.Run);
        Contestant.Compete([ours, pairs, .. new[] { tunedPeer, untunedPeer }.OfType<Contestant>()], rounds, RoundSeconds);

        BenchmarkRow row = new()
        {
            Name = "ensemble_fit",
            Shape = sizes,
            Threads = kernels.Threads,
            Seconds = ours.Median,
            Bytes = sizeof(float) * (long)Members * Pairs * 2 * Length * Inputs,
            Peer = "libtorch in this process, member by member, pair by pair",
            PeerSeconds = pairs.Median,
        };
        yield return row;
        yield return row with
        {
            Peer = "eager PyTorch, member by member, pair by pair (as HumanCompatibleAI/imitation)",
            PeerSeconds = tunedPeer?.Median,
            PeerUntunedSeconds = untunedPeer?.Median,
        };
    }

    /// <summary>Both forms have the same gradients before they part.</summary>
    private static void Validate(CpuKernels kernels, BatchedFit batched, PairLoopFit loop)
    {
        batched.Gradients(kernels);
        loop.Gradients(kernels);
        double scale = 0;
        for (int i = 0; i < batched.Network.Gradients.Rows; i++)
        {
            scale = Math.Max(scale, Math.Abs(batched.Network.Gradients[i]));
        }

        int perMember = batched.Network.WeightsPerMember;
        for (int i = 0; i < Members * perMember; i++)
        {
            float whole = batched.Network.Gradients[i], sum = loop.Networks[i / perMember].Gradients[i % perMember];
            if (!(Math.Abs(whole - sum) <= 1e-4 * scale))
            {
                throw new InvalidDataException($"ensemble_fit: gradient {i} is {whole:R}, pair by pair {sum:R}");
            }
        }
    }
}
