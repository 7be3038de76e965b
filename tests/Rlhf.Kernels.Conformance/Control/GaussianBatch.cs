using Rlhf.Kernels.Control;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Control.GaussianLogprob;

namespace Rlhf.Kernels.Conformance.Control;

/// <summary>A Gaussian policy's states with actions and upstream gradients, in dense or pitched memory, and the calls on them.</summary>
internal sealed class GaussianBatch(float[] means, float[] logStds, float[] actions, int rows, int cols, bool pitched = false)
{
    private const float Pad = 7f;

    public GaussianBatch(int rows, int cols, bool shared, bool pitched)
        : this(Data.Normal(1, rows * cols), Data.Normal(2, shared ? cols : rows * cols, 0.5), Data.Normal(3, rows * cols), rows, cols, pitched)
    {
    }

    public float[] Means { get; } = means;

    public float[] LogStds { get; } = logStds;

    public float[] Actions { get; } = actions;

    public float[] GradLogprobs { get; init; } = Data.Normal(4, rows);

    public float[] GradEntropy { get; } = Data.Normal(5, rows);

    private int StdRows => LogStds.Length / cols;

    public (float[] Logprobs, float[] Entropy) Forward(IKernels kernels)
    {
        using Pinned<float> m = Input(Means, rows), s = Input(LogStds, StdRows), a = Input(Actions, rows);
        using Pinned<float> logprobs = Pinned.Pitched(new float[rows], rows, 1, pitched ? 3 : 1, Pad), entropy = Pinned.Zeros<float>(rows);
        kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs { Means = m, LogStds = s, Actions = a, Logprobs = logprobs, Entropy = entropy });
        Expect.PadsUntouched(logprobs, Pad);
        return (logprobs.Dense(), entropy.ToArray());
    }

    public (float[] GradMeans, float[] GradLogStds) Backward(IKernels kernels)
    {
        using Pinned<float> m = Input(Means, rows), s = Input(LogStds, StdRows), a = Input(Actions, rows);
        using Pinned<float> g = Pinned.Of(GradLogprobs), h = Pinned.Of(GradEntropy), gradMeans = Output(rows), gradLogStds = Output(StdRows);
        kernels.GaussianLogprobBackward(new GaussianLogprobBackwardArgs
        {
            Means = m, LogStds = s, Actions = a, GradLogprobs = g, GradEntropy = h, GradMeans = gradMeans, GradLogStds = gradLogStds,
        });
        Expect.PadsUntouched(gradMeans, Pad);
        Expect.PadsUntouched(gradLogStds, Pad);
        return (gradMeans.Dense(), gradLogStds.Dense());
    }

    public (double[] GradMeans, double[] GradLogStds) ExpectedGradients() => Oracle.Backward(
        Data.Doubles(Means), Data.Doubles(LogStds), Data.Doubles(Actions), Data.Doubles(GradLogprobs), Data.Doubles(GradEntropy));

    /// <summary>The largest term of the sums over states.</summary>
    public double LargestLogStdGradient()
    {
        double[] own = [.. Enumerable.Range(0, rows * cols).Select(i => (double)LogStds[i % LogStds.Length])];
        return Oracle.Backward(Data.Doubles(Means), own, Data.Doubles(Actions), Data.Doubles(GradLogprobs), Data.Doubles(GradEntropy))
            .GradLogStds.Max(Math.Abs);
    }

    // Pitches of 5 more than a row: no row but the first is aligned.
    private Pinned<float> Input(float[] values, int count) => pitched ? Pinned.Pitched(values, count, cols, cols + 5, float.NaN) : Pinned.Of(values, count, cols);

    private Pinned<float> Output(int count) => Pinned.Pitched(new float[count * cols], count, cols, pitched ? cols + 5 : cols, Pad);
}
