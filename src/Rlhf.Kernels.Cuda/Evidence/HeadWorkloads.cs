using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>The fused linear head: hidden states [N, H], weights [V, H].</summary>
internal static class HeadWorkloads
{
    private const float Scale = 0.1f;

    public static IEnumerable<WorkloadKind> All { get; } =
    [
        Kind("linear_logprobs_forward", (s, d) => WorkloadKind.ByDtype(d, () => Forward<float>(s), () => Forward<BFloat16>(s), () => Forward<Half>(s))),
        Kind("linear_logprobs_backward", (s, d) => WorkloadKind.ByDtype(d, () => Backward<float>(s), () => Backward<BFloat16>(s), () => Backward<Half>(s))),
        Kind("linear_ppo", (s, d) => WorkloadKind.ByDtype(d, () => Ppo<float>(s), () => Ppo<BFloat16>(s), () => Ppo<Half>(s))),
    ];

    private static WorkloadKind Kind(string name, Func<int[], string, Workload> make) => new(name, "N,V,H")
    {
        Make = make,
        Dtypes = WorkloadKind.AllDtypes,
        Report = [[64, 1024, 64]],
        Check = [[5, 507, 24], [33, 1030, 64]],
        Timed = [4096, 128256, 1024],

        // Sums of H products in another order.
        Tolerance = 1e-4,
        RoundsBetween = true,
    };

    private static Workload Forward<T>(int[] shape)
        where T : unmanaged
    {
        var (n, v, h) = (shape[0], shape[1], shape[2]);
        return Of<T>("linear_logprobs_forward", shape, 2, ((long)n * h) + ((long)v * h), 8L * n, (operands, workspace) =>
        {
            LinearLogprobsForwardArgs<T> args = new()
            {
                Head = Head<T>(operands, shape),
                Logprobs = operands.Output<float>("logprobs", n),
                Entropy = operands.Output<float>("entropy", n),
                Workspace = workspace,
            };
            return call => call.LinearLogprobsForward(args);
        });
    }

    private static Workload Backward<T>(int[] shape)
        where T : unmanaged
    {
        var (n, v, h) = (shape[0], shape[1], shape[2]);
        long operandElements = ((long)n * h) + ((long)v * h);
        return Of<T>("linear_logprobs_backward", shape, 6, operandElements, (16L * n) + (4 * operandElements), (operands, workspace) =>
        {
            LinearLogprobsBackwardArgs<T> args = new()
            {
                Head = Head<T>(operands, shape),
                GradLogprobs = operands.Normal(5, n),
                GradEntropy = operands.Normal(6, n, scale: 0.01f),
                Logprobs = operands.Output<float>("logprobs", n),
                Entropy = operands.Output<float>("entropy", n),
                Gradients = Gradients(operands, shape),
                Workspace = workspace,
            };
            return call => call.LinearLogprobsBackward(args);
        });
    }

    private static Workload Ppo<T>(int[] shape)
        where T : unmanaged
    {
        var (n, v, h) = (shape[0], shape[1], shape[2]);
        long operandElements = ((long)n * h) + ((long)v * h);
        // A mask, of ones, makes the kernels that gather the rows that count.
        return Of<T>("linear_ppo", shape, 6, operandElements, (16L * n) + (4 * operandElements), (operands, workspace) =>
        {
            LinearPpoArgs<T> args = new()
            {
                Head = Head<T>(operands, shape, operands.Repeat<byte>(n, 1, [1])),
                OldLogprobs = operands.Normal(5, n, scale: 0.1f, mean: -MathF.Log(v)),
                Advantages = operands.Normal(6, n),
                Normalizer = n,
                Logprobs = operands.Output<float>("logprobs", n),
                Entropy = operands.Output<float>("entropy", n),
                Gradients = Gradients(operands, shape),
                Stats = operands.Output<float>("statistics", PpoClipStats.Length),
                Workspace = workspace,
            };
            return call => call.LinearPpo(args);
        });
    }

    private static LinearHead<T> Head<T>(Operands operands, int[] shape, ReadOnlyView<byte> mask = default)
        where T : unmanaged => new()
        {
            Hidden = operands.Stored<T>(1, shape[0], shape[2], 1),
            Weight = operands.Stored<T>(2, shape[1], shape[2], Scale),
            Bias = operands.Normal(3, shape[1], scale: 0.1f),
            Targets = operands.Tokens(4, shape[0], shape[1]),
            Mask = mask,
        };

    private static LinearHeadGradients Gradients(Operands operands, int[] shape) => new()
    {
        Hidden = operands.Output<float>("gradient of hidden", shape[0], shape[2]),
        Weight = operands.Output<float>("gradient of weight", shape[1], shape[2]),
        Bias = operands.Output<float>("gradient of bias", shape[1]),
    };

    private static Workload Of<T>(
        string name, int[] shape, int products, long operandElements, long otherBytes, Func<Operands, View<byte>, Action<IKernels>> build)
        where T : unmanaged
    {
        var (n, v, h) = (shape[0], shape[1], shape[2]);
        return new Workload
        {
            Name = name,
            Dtype = WorkloadKind.Dtype<T>(),
            Shape = shape,
            Flops = 8.0 * n * v,
            MatrixFlops = (double)products * n * v * h,
            MinimumBytes = _ => (operandElements * WorkloadKind.Bytes<T>()) + otherBytes,
            Build = (operands, _) =>
            {
                long least = LinearLogprobsWorkspace.Minimum(v, h, typeof(T) != typeof(float));
                long bytes = Math.Max(least, Math.Min(LinearLogprobsWorkspace.DefaultBytes * 4, least + (4L * n * (v + h + 64))));
                return build(operands, operands.Empty<byte>(1, (int)bytes));
            },
        };
    }
}
