using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Kernels over all parameters [P].</summary>
internal static class OptimizerWorkloads
{
    private static readonly int[][] Report = [[2_097_151]];
    private static readonly int[][] Checked = [[1], [37], [100_003]];
    private static readonly int[] Timed = [100_000_000];

    public static IEnumerable<WorkloadKind> All { get; } =
    [
        Kind("global_norm", Norm), Kind("adamw", shape => AdamW(shape, false)), Kind("adamw_ema", shape => AdamW(shape, true)),
        Kind("rms_prop", RmsProp),
    ];

    private static WorkloadKind Kind(string name, Func<int[], Workload> make) => new(name, "P")
    {
        Make = (shape, _) => make(shape), Report = Report, Check = Checked, Timed = Timed,
    };

    private static Workload Norm(int[] shape) => new()
    {
        Name = "global_norm",
        Dtype = "f32",
        Shape = shape,
        MinimumBytes = _ => (4L * shape[0]) + 8,
        Flops = 2.0 * shape[0],
        Build = (operands, _) =>
        {
            GlobalNormArgs args = new() { Gradients = operands.Normal(1, shape[0]), MaxNorm = 1, Result = operands.Output<float>("norm", 2) };
            return call => call.GlobalNorm(args);
        },
    };

    private static Workload RmsProp(int[] shape) => new()
    {
        Name = "rms_prop",
        Dtype = "f32",
        Shape = shape,
        MinimumBytes = _ => 20L * shape[0],
        Flops = 8.0 * shape[0],
        Build = (operands, _) =>
        {
            int count = shape[0];
            RmsPropArgs args = new()
            {
                Parameters = operands.Result("parameters", operands.Normal(1, count)),
                Gradients = operands.Normal(2, count, scale: 0.1f),
                MeanSquares = operands.Result("mean squares", operands.Repeat<float>(count, 1, [1e-3f, 2e-2f, 0, 0.5f, 1])),
                LearningRate = 7e-4f,
                Decay = 0.99f,
                Epsilon = 1e-5f,
            };
            return call => call.RmsProp(args);
        },
    };

    private static Workload AdamW(int[] shape, bool average) => new()
    {
        Name = average ? "adamw_ema" : "adamw",
        Dtype = "f32",
        Shape = shape,
        MinimumBytes = _ => (average ? 36L : 28L) * shape[0],
        Flops = (average ? 17.0 : 14.0) * shape[0],
        Build = (operands, _) =>
        {
            int count = shape[0];
            View<float> second = operands.Repeat<float>(count, 1, [1e-3f, 2e-2f, 0, 0.5f, 1e-4f]);
            AdamWArgs args = new()
            {
                Parameters = operands.Result("parameters", operands.Normal(1, count)),
                Gradients = operands.Normal(2, count, scale: 0.1f),
                Moment1 = operands.Result("first moment", operands.Normal(3, count, scale: 0.01f)),
                Moment2 = operands.Result("second moment", second),
                Ema = average ? operands.Result("average", operands.Normal(4, count)) : default,
                Step = 3,
                LearningRate = 1e-3f,
                Beta1 = 0.9f,
                Beta2 = 0.95f,
                Epsilon = 1e-8f,
                WeightDecay = 0.01f,
                EmaDecay = average ? 0.999f : 0,
            };
            return call => call.AdamW(args);
        },
    };
}
