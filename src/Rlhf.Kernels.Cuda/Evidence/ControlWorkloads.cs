using Rlhf.Kernels.Control;
using Rlhf.Kernels.Sampling;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Kernels of policies over actions [N, A].</summary>
internal static class ControlWorkloads
{
    private static readonly int[][] Report = [[65536, 6]];
    private static readonly int[][] Checked = [[5, 6], [37, 1], [300, 33]];
    private static readonly int[] Timed = [1 << 20, 6];

    public static IEnumerable<WorkloadKind> All { get; } =
    [
        Kind("gaussian_logprob_forward", Forward),
        Kind("gaussian_logprob_backward", shape => Backward(shape, true)),
        Kind("gaussian_logprob_backward_rows", shape => Backward(shape, false)),
        Kind("gaussian_kl", Kl),
        Kind("gaussian", Sample),
    ];

    private static WorkloadKind Kind(string name, Func<int[], Workload> make) => new(name, "N,A")
    {
        Make = (shape, _) => make(shape), Report = Report, Check = Checked, Timed = Timed, Tolerance = 2e-5,
    };

    private static Workload Of(string name, int[] shape, long bytes, double flops, Func<Operands, Action<IKernels>> build) => new()
    {
        Name = name, Dtype = "f32", Shape = shape, MinimumBytes = _ => bytes, Flops = flops * shape[0] * shape[1], Build = (operands, _) => build(operands),
    };

    private static Workload Forward(int[] shape)
    {
        var (n, a) = (shape[0], shape[1]);
        return Of("gaussian_logprob_forward", shape, (8L * n * a) + (8L * n) + (4L * a), 6, operands =>
        {
            GaussianLogprobForwardArgs args = new()
            {
                Means = operands.Normal(1, n, a),
                LogStds = operands.Normal(2, 1, a, 0.3f, -0.5f),
                Actions = operands.Normal(3, n, a),
                Logprobs = operands.Output<float>("logprobs", n),
                Entropy = operands.Output<float>("entropy", n),
            };
            return call => call.GaussianLogprobForward(args);
        });
    }

    private static Workload Backward(int[] shape, bool shared)
    {
        var (n, a) = (shape[0], shape[1]);
        long bytes = (12L * n * a) + (8L * n) + (shared ? 8L * a : 8L * n * a);
        return Of(shared ? "gaussian_logprob_backward" : "gaussian_logprob_backward_rows", shape, bytes, 8, operands =>
        {
            GaussianLogprobBackwardArgs args = new()
            {
                Means = operands.Normal(1, n, a),
                LogStds = operands.Normal(2, shared ? 1 : n, a, 0.3f, -0.5f),
                Actions = operands.Normal(3, n, a),
                GradLogprobs = operands.Normal(4, n),
                GradEntropy = operands.Normal(5, n),
                GradMeans = operands.Output<float>("gradient of means", n, a),
                GradLogStds = operands.Output<float>("gradient of log-stds", shared ? 1 : n, a),
            };
            return call => call.GaussianLogprobBackward(args);
        });
    }

    private static Workload Kl(int[] shape)
    {
        var (n, a) = (shape[0], shape[1]);
        return Of("gaussian_kl", shape, (12L * n * a) + (8L * n) + (12L * a), 20, operands =>
        {
            GaussianKlArgs args = new()
            {
                Means = operands.Normal(1, n, a),
                LogStds = operands.Normal(2, 1, a, 0.3f, -0.5f),
                OldMeans = operands.Normal(3, n, a),
                OldLogStds = operands.Normal(4, 1, a, 0.3f, -0.5f),
                GradKl = operands.Normal(5, n),
                Kl = operands.Output<float>("kl", n),
                GradMeans = operands.Output<float>("gradient of means", n, a),
                GradLogStds = operands.Output<float>("gradient of log-stds", 1, a),
            };
            return call => call.GaussianKl(args);
        });
    }

    private static Workload Sample(int[] shape)
    {
        var (n, a) = (shape[0], shape[1]);
        return Of("gaussian", shape, (8L * n * a) + (20L * n) + (4L * a), 60, operands =>
        {
            GaussianArgs args = new()
            {
                Means = operands.Normal(1, n, a),
                LogStds = operands.Normal(2, 1, a, 0.3f, -0.5f),
                Seed = 7,
                Sequences = operands.Repeat<long>(n, 1, [.. Enumerable.Range(0, n).Select(i => (long)i)]),
                Steps = operands.Repeat<int>(n, 1, [3, 1, 4, 1, 5]),
                Actions = operands.Output<float>("actions", n, a),
                Logprobs = operands.Output<float>("logprobs", n),
                Entropy = operands.Output<float>("entropy", n),
            };
            return call => call.Gaussian(args);
        });
    }
}
