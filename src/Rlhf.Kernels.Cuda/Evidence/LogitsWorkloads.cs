using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Kernels over rows of logits [N, V].</summary>
internal static class LogitsWorkloads
{
    private const float Scale = 2;
    private const int LogitSeed = 1, TokenSeed = 2;

    // A row for each of 132 multiprocessors: odd rows, whose starts are not aligned, and aligned rows of a large vocabulary.
    private static readonly int[][] Rows = [[132, 50257]];
    private static readonly int[][] LargeRows = [[132, 128256]];
    private static readonly int[][] Checked = [[5, 507], [3, 50257], [64, 33], [2, 128256]];
    private static readonly int[] Timed = [4096, 128256];

    public static IEnumerable<WorkloadKind> All { get; } =
    [
        Kind("token_logprobs_forward", (s, d) => WorkloadKind.ByDtype(d, () => Forward<float>(s), () => Forward<BFloat16>(s), () => Forward<Half>(s))),
        Kind("token_logprobs_backward", (s, d) => WorkloadKind.ByDtype(d, () => Backward<float>(s), () => Backward<BFloat16>(s), () => Backward<Half>(s))),
        Kind("ppo_from_logits", (s, d) => WorkloadKind.ByDtype(d, () => Ppo<float>(s), () => Ppo<BFloat16>(s), () => Ppo<Half>(s))),
        Kind("categorical", (s, d) => WorkloadKind.ByDtype(d, () => Sample<float>(s, 0, 1), () => Sample<BFloat16>(s, 0, 1), () => Sample<Half>(s, 0, 1))) with { LargeReport = [] },
        Kind(
            "categorical_truncated",
            (s, d) => WorkloadKind.ByDtype(d, () => Sample<float>(s, 50, 0.9f), () => Sample<BFloat16>(s, 50, 0.9f), () => Sample<Half>(s, 50, 0.9f))) with
            {
                // Many sweeps over each row, from L2.
                Report = [[16, 50257]], LargeReport = [],
            },
        Kind(
            "categorical_short",
            (s, d) => WorkloadKind.ByDtype(d, () => Sample<float>(s, 0, 1), () => Sample<BFloat16>(s, 0, 1), () => Sample<Half>(s, 0, 1)), true),
        Kind("token_logprobs_forward_short", (s, d) => WorkloadKind.ByDtype(d, () => Forward<float>(s), () => Forward<BFloat16>(s), () => Forward<Half>(s)), true),
        Kind("token_logprobs_backward_short", (s, d) => WorkloadKind.ByDtype(d, () => Backward<float>(s), () => Backward<BFloat16>(s), () => Backward<Half>(s)), true),
        Kind("ppo_from_logits_short", (s, d) => WorkloadKind.ByDtype(d, () => Ppo<float>(s), () => Ppo<BFloat16>(s), () => Ppo<Half>(s)), true),
    ];

    private static WorkloadKind Kind(string name, Func<int[], string, Workload> make, bool shortRows = false) => new(name, "N,V")
    {
        Make = make,
        Dtypes = WorkloadKind.AllDtypes,
        Report = shortRows ? [[2048, 512]] : Rows,
        LargeReport = shortRows ? [] : LargeRows,
        Check = shortRows ? [[70, 1], [65, 31], [9, 1000]] : Checked,
        Timed = shortRows ? [65536, 512] : Timed,
    };

    private static Workload Forward<T>(int[] shape)
        where T : unmanaged
    {
        var (n, v) = (shape[0], shape[1]);
        return new Workload
        {
            Name = "token_logprobs_forward",
            Dtype = WorkloadKind.Dtype<T>(),
            Shape = shape,
            Flops = 8.0 * n * v,
            MinimumBytes = _ => n * (((long)v * WorkloadKind.Bytes<T>()) + 4 + 16),
            Build = (operands, _) =>
            {
                TokenLogprobsForwardArgs<T> args = new()
                {
                    Logits = operands.Stored<T>(LogitSeed, n, v, Scale),
                    Targets = operands.Tokens(TokenSeed, n, v),
                    Logprobs = operands.Output<float>("logprobs", n),
                    Entropy = operands.Output<float>("entropy", n),
                    RowMax = operands.Output<float>("row maximum", n),
                    RowLogSum = operands.Output<float>("row log-sum", n),
                };
                return call => call.TokenLogprobsForward(args);
            },
        };
    }

    private static Workload Backward<T>(int[] shape)
        where T : unmanaged
    {
        var (n, v) = (shape[0], shape[1]);
        return new Workload
        {
            Name = "token_logprobs_backward",
            Dtype = WorkloadKind.Dtype<T>(),
            Shape = shape,
            Flops = 8.0 * n * v,
            MinimumBytes = _ => n * ((2L * v * WorkloadKind.Bytes<T>()) + 4 + 8 + 12),
            Build = (operands, kernels) =>
            {
                ReadOnlyView<T> logits = operands.Stored<T>(LogitSeed, n, v, Scale);
                ReadOnlyView<int> targets = operands.Tokens(TokenSeed, n, v);
                View<float> logprobs = operands.Empty<float>(n), entropy = operands.Empty<float>(n);
                View<float> rowMax = operands.Empty<float>(n), rowLogSum = operands.Empty<float>(n);
                TokenLogprobsForwardArgs<T> forward = new()
                {
                    Logits = logits, Targets = targets, Logprobs = logprobs, Entropy = entropy, RowMax = rowMax, RowLogSum = rowLogSum,
                };
                TokenLogprobsBackwardArgs<T> args = new()
                {
                    Logits = logits,
                    Targets = targets,
                    GradLogprobs = operands.Normal(3, n),
                    GradEntropy = operands.Normal(4, n, scale: 0.01f),
                    RowMax = rowMax,
                    RowLogSum = rowLogSum,
                    Entropy = entropy,
                    GradLogits = operands.Output<T>("gradient", n, v),
                };
                kernels.TokenLogprobsForward(forward);
                return call => call.TokenLogprobsBackward(args);
            },
        };
    }

    private static Workload Ppo<T>(int[] shape)
        where T : unmanaged
    {
        var (n, v) = (shape[0], shape[1]);
        long rowBytes = (long)v * WorkloadKind.Bytes<T>();
        return new Workload
        {
            Name = "ppo_from_logits",
            Dtype = WorkloadKind.Dtype<T>(),
            Shape = shape,
            Flops = 12.0 * n * v,
            MinimumBytes = device => (n * (((device.KeepsRow(rowBytes) ? 2 : 3) * rowBytes) + 13 + 8)) + (PpoClipStats.Length * sizeof(float)),
            Build = (operands, _) =>
            {
                PpoFromLogitsArgs<T> args = new()
                {
                    Logits = operands.Stored<T>(LogitSeed, n, v, Scale),
                    Targets = operands.Tokens(TokenSeed, n, v),
                    OldLogprobs = operands.OldLogprobs(LogitSeed, Scale, TokenSeed, n, v),
                    Advantages = operands.Normal(4, n),

                    // Every row counts: the logits of others are not read, and the bytes would flatter.
                    Mask = operands.Repeat<byte>(n, 1, [1]),
                    Normalizer = n,
                    Logprobs = operands.Output<float>("logprobs", n),
                    Entropy = operands.Output<float>("entropy", n),
                    GradLogits = operands.Output<T>("gradient", n, v),
                    Stats = operands.Output<float>("statistics", PpoClipStats.Length),
                };
                return call => call.PpoFromLogits(args);
            },
        };
    }

    private static Workload Sample<T>(int[] shape, int topK, float topP)
        where T : unmanaged
    {
        var (n, v) = (shape[0], shape[1]);
        return new Workload
        {
            Name = topK > 0 ? "categorical_truncated" : "categorical",
            Dtype = WorkloadKind.Dtype<T>(),
            Shape = shape,
            Flops = (topK > 0 ? 60.0 : 10.0) * n * v,
            MinimumBytes = _ => n * (((long)v * WorkloadKind.Bytes<T>()) + 12 + 8),
            Build = (operands, _) =>
            {
                CategoricalArgs<T> args = new()
                {
                    Logits = operands.Stored<T>(LogitSeed, n, v, Scale),
                    TopK = topK,
                    TopP = topP,
                    Seed = 7,
                    Sequences = operands.Repeat<long>(n, 1, [.. Enumerable.Range(0, n).Select(row => (long)row)]),
                    Positions = operands.Repeat<int>(n, 1, [.. Enumerable.Range(0, n).Select(row => row % 61)]),
                    Tokens = operands.Output<int>("tokens", n),
                    Logprobs = operands.Output<float>("logprobs", n),
                };
                return call => call.Categorical(args);
            },
        };
    }
}
