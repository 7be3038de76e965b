using Rlhf.Kernels.Cuda.Evidence;
using Rlhf.Kernels.Cuda.Tests.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Tests.Emulation;

/// <summary>
/// Small calls that together launch every entry on sm_90: each kernel in each storage type and each of its variants, which the host
/// chooses by shape and storage.
/// </summary>
internal static class EmulatedCalls
{
    // A warp a row; a block a row held in shared memory; a cluster a row (more than 227 kB in either width); and a row that no cluster
    // holds. Odd, so that rows start unaligned.
    private const int Short = 333, Block = 5003, Cluster = 59_001, Cluster16 = 117_001, Longest = 395_001;

    public static IReadOnlyList<EmulatedCall> All { get; } = [.. Logits(), .. Heads(), .. Tokens(), .. Control(), .. Gae(), .. Others()];

    private static IEnumerable<EmulatedCall> Logits()
    {
        foreach (string name in new[] { "token_logprobs_forward", "token_logprobs_backward", "ppo_from_logits", "categorical", "categorical_truncated" })
        {
            foreach (string dtype in WorkloadKind.AllDtypes)
            {
                yield return Of(name, dtype, 9, Short);
                yield return Of(name, dtype, 2, Block);
            }
        }

        yield return Of("ppo_from_logits", "f32", 2, Cluster);
        yield return Of("ppo_from_logits", "bf16", 1, Cluster16);
        yield return Of("ppo_from_logits", "f16", 1, Cluster16);
        yield return Of("ppo_from_logits", "f32", 1, Longest);
    }

    private static IEnumerable<EmulatedCall> Heads()
    {
        foreach (bool cuBlas in new[] { true, false })
        {
            string products = cuBlas ? "cuBLAS" : "own products";
            foreach (string dtype in WorkloadKind.AllDtypes)
            {
                yield return Of("linear_logprobs_backward", dtype, cuBlas, 5, 507, 24);

                // Masked rows, three chunks.
                HeadData head = new(37, 24, 211, Masked: true, Biased: true, ChunkRows: 16);
                yield return new EmulatedCall($"linear_ppo {dtype} {products}", session =>
                {
                    session.Staged.UseCuBlas = cuBlas;
                    HeadResult result = head.Ppo(session.Staged, dtype);
                    return
                    [
                        ("logprobs", Wide(result.Logprobs)), ("statistics", Wide(result.Stats)), ("gradient of hidden", Wide(result.Hidden)),
                        ("gradient of weight", Wide(result.Weight)), ("gradient of bias", Wide(result.Bias)),
                    ];
                });
            }
        }

        // Two tiles of rows, two splits of the vocabulary; in f32 the chunks.
        foreach (string dtype in WorkloadKind.AllDtypes)
        {
            HeadData head = new(131, 40, 1100, Masked: true, Biased: true, SoftCap: 2f);
            yield return new EmulatedCall($"linear_logprobs_forward {dtype}", session =>
            {
                session.Staged.UseCuBlas = true;
                var (logprobs, entropy) = head.Forward(session.Staged, dtype);
                return [("logprobs", Wide(logprobs)), ("entropy", Wide(entropy))];
            });
        }
    }

    private static IEnumerable<EmulatedCall> Tokens()
    {
        foreach (string name in new[] { "ppo_clip_loss", "value_clip_loss", "kl_estimate", "kl_shaped_rewards", "masked_mean" })
        {
            yield return Of(name, "f32", 5, 37);
            yield return Of(name, "f32", 9, 1025);
        }

        yield return Of("whiten_small", "f32", 5, 37);
        yield return Of("whiten", "f32", 9, 1025);
    }

    private static IEnumerable<EmulatedCall> Control()
    {
        foreach (string name in new[] { "gaussian_logprob_forward", "gaussian_logprob_backward", "gaussian_logprob_backward_rows", "gaussian_kl", "gaussian" })
        {
            yield return Of(name, "f32", 777, 6);
            yield return Of(name, "f32", 19, 300);
        }
    }

    // Along rows: several rows a block, one row a block, tiles of a long row. Along columns: a thread a column, or four.
    private static IEnumerable<EmulatedCall> Gae() =>
        from shape in new[] { (9, 37, TimeAxis.Cols), (3, 1000, TimeAxis.Cols), (2, 4099, TimeAxis.Cols), (37, 70, TimeAxis.Rows), (2, 32768, TimeAxis.Rows) }
        from mode in Enum.GetValues<GaeMaskMode>()
        select Gae(shape.Item1, shape.Item2, shape.Item3, mode);

    private static IEnumerable<EmulatedCall> Others() =>
    [
        Of("pairwise_loss", "f32", 37), Of("pairwise_loss", "f32", 4099), Of("ranking_loss", "f32", 33, 9), Of("ranking_loss", "f32", 5, 40),
        Of("segment_preference", "f32", 5, 37), Of("segment_preference", "f32", 3, 1030), Of("global_norm", "f32", 20_003),
        Of("adamw", "f32", 10_007), Of("adamw_ema", "f32", 10_007), Of("rms_prop", "f32", 10_007),
    ];

    private static EmulatedCall Gae(int rows, int cols, TimeAxis time, GaeMaskMode mode) => new($"gae {rows}x{cols} {time} {mode}", session =>
    {
        using Operands operands = new(session.Stream);
        int sequences = time == TimeAxis.Cols ? rows : cols;
        GaeArgs args = new()
        {
            Rewards = operands.Normal(1, rows, cols), Values = operands.Normal(2, rows, cols), Time = time, MaskMode = mode,
            Mask = mode == GaeMaskMode.None ? default(ReadOnlyView<byte>) : operands.Mask(3, rows, cols),
            Dones = operands.Repeat<byte>(rows, cols, [0, 0, 0, 0, 1, 0, 0]),
            Truncations = operands.Repeat<byte>(rows, cols, [0, 1, 0, 0, 0]), TruncationValues = operands.Normal(4, rows, cols),
            LastValues = operands.Normal(5, sequences), Gamma = 0.99f, Lambda = 0.95f,
            Advantages = operands.Output<float>("advantages", rows, cols), Returns = operands.Output<float>("returns", rows, cols),
        };
        session.Kernels.Gae(args);
        return Results(session, operands);
    });

    private static EmulatedCall Of(string name, string dtype, params int[] shape) => Of(name, dtype, true, shape);

    private static EmulatedCall Of(string name, string dtype, bool cuBlas, params int[] shape)
    {
        Workload workload = Workloads.Find(name).Create(shape, dtype);
        return new EmulatedCall(cuBlas ? workload.ToString() : $"{workload} own products", session =>
        {
            using Operands operands = new(session.Stream);
            session.Kernels.UseCuBlas = cuBlas;
            workload.Build(operands, session.Kernels)(session.Kernels);
            return Results(session, operands);
        });
    }

    private static IReadOnlyList<(string Name, double[] Values)> Results(EmulatedSession session, Operands operands)
    {
        session.Kernels.ThrowIfBadInput();
        return [.. operands.Results().Select(result => (result.Name, result.Values))];
    }

    private static double[] Wide(float[] values) => [.. values.Select(value => (double)value)];
}
