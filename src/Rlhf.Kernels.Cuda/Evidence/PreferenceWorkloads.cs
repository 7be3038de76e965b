using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Preference losses: pairs [N], ranked groups [G] of K, pairs of segments [P, L].</summary>
internal static class PreferenceWorkloads
{
    public static IEnumerable<WorkloadKind> All { get; } =
    [
        new("pairwise_loss", "N")
        {
            Make = (shape, _) => Pairwise(shape), Report = [[262144]], Check = [[1], [37], [4099]], Timed = [1 << 22],
        },
        new("ranking_loss", "G,K")
        {
            Make = (shape, _) => Ranking(shape), Report = [[16384, 9]], Check = [[1, 2], [33, 9], [5, 40]], Timed = [1 << 17, 9],
        },
        new("segment_preference", "P,L")
        {
            Make = (shape, _) => Segments(shape), Report = [[2048, 100]], Check = [[1, 1], [5, 37], [3, 1030]], Timed = [1 << 15, 100], Tolerance = 2e-5,
        },
    ];

    private static Workload Pairwise(int[] shape)
    {
        int n = shape[0];
        return Of("pairwise_loss", shape, 16L * n, 15.0 * n, operands =>
        {
            PairwiseLossArgs args = new()
            {
                Chosen = operands.Normal(1, n),
                Rejected = operands.Normal(2, n),
                Normalizer = n,
                GradChosen = operands.Output<float>("gradient of chosen", n),
                GradRejected = operands.Output<float>("gradient of rejected", n),
                Stats = operands.Output<float>("statistics", PreferenceStats.Length),
            };
            return call => call.PairwiseLoss(args);
        });
    }

    private static Workload Ranking(int[] shape)
    {
        var (groups, size) = (shape[0], shape[1]);
        int items = groups * size;
        return Of("ranking_loss", shape, (12L * items) + (4L * groups), 15.0 * groups * size * (size - 1) / 2, operands =>
        {
            RankingLossArgs args = new()
            {
                Rewards = operands.Normal(1, items),
                Ranks = operands.Repeat<int>(items, 1, [.. Enumerable.Range(0, size).Select(i => i * 5 % size)]),
                GroupOffsets = operands.Repeat<int>(groups + 1, 1, [.. Enumerable.Range(0, groups + 1).Select(g => g * size)]),
                Normalizer = groups,
                GradRewards = operands.Output<float>("gradient", items),
                Stats = operands.Output<float>("statistics", PreferenceStats.Length),
            };
            return call => call.RankingLoss(args);
        });
    }

    private static Workload Segments(int[] shape)
    {
        var (pairs, length) = (shape[0], shape[1]);
        return Of("segment_preference", shape, (16L * pairs * length) + (8L * pairs), 6.0 * pairs * length, operands =>
        {
            SegmentPreferenceArgs args = new()
            {
                Rewards1 = operands.Normal(1, pairs, length, 0.1f),
                Rewards2 = operands.Normal(2, pairs, length, 0.1f),
                Labels = operands.Repeat<float>(pairs, 1, [1, 0, 0.5f, 1, 0]),
                Noise = 0.1f,
                Normalizer = pairs,
                Probabilities = operands.Output<float>("probabilities", pairs),
                GradRewards1 = operands.Output<float>("gradient of the first", pairs, length),
                GradRewards2 = operands.Output<float>("gradient of the second", pairs, length),
                Stats = operands.Output<float>("statistics", PreferenceStats.Length),
            };
            return call => call.SegmentPreference(args);
        });
    }

    private static Workload Of(string name, int[] shape, long bytes, double flops, Func<Operands, Action<IKernels>> build) => new()
    {
        Name = name,
        Dtype = "f32",
        Shape = shape,
        MinimumBytes = _ => bytes + (PreferenceStats.Length * sizeof(float)),
        Flops = flops,
        Build = (operands, _) => build(operands),
    };
}
