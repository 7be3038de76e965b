using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Kernels over tokens [B, T].</summary>
internal static class TokenWorkloads
{
    private static readonly int[][] Report = [[64, 4096]];
    private static readonly int[][] Checked = [[3, 1], [5, 37], [7, 1025]];
    private static readonly int[] Timed = [1024, 4096];

    public static IEnumerable<WorkloadKind> All { get; } =
    [
        Kind("ppo_clip_loss", PpoClip),
        Kind("value_clip_loss", ValueClip),
        Kind("kl_estimate", KlEstimate),
        Kind("kl_shaped_rewards", KlShaped),
        Kind("masked_mean", Mean),
        Kind("whiten", Whiten) with { Report = [[64, 4096], [1024, 4096]] },
        Kind("whiten_small", Whiten) with { Report = [[4, 1024]], Timed = [4, 1024] },
        Kind("gae", shape => Gae(shape, TimeAxis.Cols)) with { Report = [[256, 1024]], Timed = [4096, 1024] },
        Kind("gae_long", shape => Gae(shape, TimeAxis.Cols)) with { Check = [[2, 4099], [3, 2048]] },
        Kind("gae_columns", shape => Gae(shape, TimeAxis.Rows)) with { Report = [[1024, 257]], Timed = [128, 8191] },
        Kind("gae_columns_packed", shape => Gae(shape, TimeAxis.Rows)) with { Report = [[32, 65536]], Check = [[3, 4096], [5, 65536]], Timed = [128, 65536] },
    ];

    private static WorkloadKind Kind(string name, Func<int[], Workload> make) => new(name, "B,T")
    {
        Make = (shape, _) => make(shape), Report = Report, Check = Checked, Timed = Timed, Tolerance = 2e-5,
    };

    private static Workload Of(string name, int[] shape, long bytes, double flops, Func<Operands, Action<IKernels>> build) => new()
    {
        Name = name, Dtype = "f32", Shape = shape, MinimumBytes = _ => bytes, Flops = flops, Build = (operands, _) => build(operands),
    };

    private static Workload PpoClip(int[] shape)
    {
        var (b, t) = (shape[0], shape[1]);
        return Of("ppo_clip_loss", shape, (17L * b * t) + (PpoClipStats.Length * sizeof(float)), 20.0 * b * t, operands =>
        {
            PpoClipLossArgs args = new()
            {
                Logprobs = operands.Normal(1, b, t, 0.1f, -2),
                OldLogprobs = operands.Normal(2, b, t, 0.1f, -2),
                Advantages = operands.Normal(3, b, t),
                Mask = operands.Mask(4, b, t),
                Normalizer = b * t,
                GradLogprobs = operands.Output<float>("gradient", b, t),
                Stats = operands.Output<float>("statistics", PpoClipStats.Length),
            };
            return call => call.PpoClipLoss(args);
        });
    }

    private static Workload ValueClip(int[] shape)
    {
        var (b, t) = (shape[0], shape[1]);
        return Of("value_clip_loss", shape, (17L * b * t) + (ValueClipStats.Length * sizeof(float)), 12.0 * b * t, operands =>
        {
            ValueClipLossArgs args = new()
            {
                Values = operands.Normal(1, b, t),
                OldValues = operands.Normal(2, b, t),
                Returns = operands.Normal(3, b, t),
                Mask = operands.Mask(4, b, t),
                ClipRange = 0.2f,
                Normalizer = b * t,
                GradValues = operands.Output<float>("gradient", b, t),
                Stats = operands.Output<float>("statistics", ValueClipStats.Length),
            };
            return call => call.ValueClipLoss(args);
        });
    }

    private static Workload KlEstimate(int[] shape)
    {
        var (b, t) = (shape[0], shape[1]);
        return Of("kl_estimate", shape, 17L * b * t, 10.0 * b * t, operands =>
        {
            KlEstimateArgs args = new()
            {
                Logprobs = operands.Normal(1, b, t, 0.1f, -2),
                RefLogprobs = operands.Normal(2, b, t, 0.1f, -2),
                Mask = operands.Mask(4, b, t),
                Estimator = KlEstimator.K3,
                Kl = operands.Output<float>("kl", b, t),
                GradLogprobs = operands.Output<float>("gradient", b, t),
            };
            return call => call.KlEstimate(args);
        });
    }

    private static Workload KlShaped(int[] shape)
    {
        var (b, t) = (shape[0], shape[1]);
        return Of("kl_shaped_rewards", shape, (12L * b * t) + (8L * b), 10.0 * b * t, operands =>
        {
            KlShapedRewardsArgs args = new()
            {
                Logprobs = operands.Normal(1, b, t, 0.1f, -2),
                RefLogprobs = operands.Normal(2, b, t, 0.1f, -2),
                Lengths = operands.Repeat<int>(b, 1, [.. Enumerable.Range(0, b).Select(row => t - (row * 7 % Math.Max(t / 8, 1)))]),
                Scores = operands.Normal(3, b),
                KlCoef = 0.05f,
                Estimator = KlEstimator.K1,
                Placement = ScorePlacement.LastToken,
                Rewards = operands.Output<float>("rewards", b, t),
            };
            return call => call.KlShapedRewards(args);
        });
    }

    private static Workload Mean(int[] shape)
    {
        var (b, t) = (shape[0], shape[1]);
        return Of("masked_mean", shape, (5L * b * t) + 12, 4.0 * b * t, operands =>
        {
            MaskedMeanArgs args = new()
            {
                Values = operands.Normal(1, b, t),
                Mask = operands.Mask(4, b, t),
                Unbiased = true,
                Stats = operands.Output<float>("statistics", MaskedMeanArgs.StatsLength),
            };
            return call => call.MaskedMean(args);
        });
    }

    private static Workload Whiten(int[] shape)
    {
        var (b, t) = (shape[0], shape[1]);
        long values = 5L * b * t;
        return new Workload
        {
            Name = "whiten",
            Dtype = "f32",
            Shape = shape,

            // The statistics come first: what does not stay in L2 until the second sweep is read twice.
            MinimumBytes = device => (values <= device.L2Bytes ? 9L : 14L) * b * t,
            Flops = 6.0 * b * t,
            Build = (operands, _) =>
            {
                WhitenArgs args = new()
                {
                    Values = operands.Normal(1, b, t),
                    Mask = operands.Mask(4, b, t),
                    Unbiased = true,
                    ShiftMean = true,
                    Whitened = operands.Output<float>("whitened", b, t),
                };
                return call => call.Whiten(args);
            },
        };
    }

    private static Workload Gae(int[] shape, TimeAxis time)
    {
        // Rows and columns of the matrices; the shape names the time axis last or first.
        var (rows, cols) = (shape[0], shape[1]);
        int sequences = time == TimeAxis.Cols ? rows : cols;
        return Of("gae", shape, (17L * rows * cols) + (4L * sequences), 5.0 * rows * cols, operands =>
        {
            GaeArgs args = new()
            {
                Rewards = operands.Normal(1, rows, cols),
                Values = operands.Normal(2, rows, cols),
                Time = time,
                Dones = operands.Repeat<byte>(rows, cols, [.. Enumerable.Range(0, 1009).Select(i => (byte)(i % 97 == 96 ? 1 : 0))]),
                LastValues = operands.Normal(3, sequences),
                Gamma = 0.99f,
                Lambda = 0.95f,
                Advantages = operands.Output<float>("advantages", rows, cols),
                Returns = operands.Output<float>("returns", rows, cols),
            };
            return call => call.Gae(args);
        });
    }
}
