using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Control.GaussianLogprob;

namespace Rlhf.Kernels.Conformance.Control;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class GaussianLogprobTests(IKernels kernels)
{
    private const string Kernel = "GaussianLogprob";

    [Test]
    public void Forward_MatchesReference([Values(1, 2, 31, 90)] int rows, [ValueSource(nameof(Widths))] int cols, [Values] bool shared, [Values] bool pitched)
    {
        GaussianBatch batch = new(rows, cols, shared, pitched);
        var (logprobs, entropy) = batch.Forward(kernels);
        var (expected, expectedEntropy) = Oracle.Forward(Data.Doubles(batch.Means), Data.Doubles(batch.LogStds), Data.Doubles(batch.Actions), rows);
        Expect.Close(Kernel, "logprob", logprobs, expected, scale: 2 * cols);
        Expect.Close(Kernel, "entropy", entropy, expectedEntropy, scale: 2 * cols);
    }

    [Test]
    public void Backward_MatchesReference([Values(1, 2, 31, 90)] int rows, [ValueSource(nameof(Widths))] int cols, [Values] bool shared, [Values] bool pitched)
    {
        GaussianBatch batch = new(rows, cols, shared, pitched);
        var (gradMeans, gradLogStds) = batch.Backward(kernels);
        var (expected, expectedLogStds) = batch.ExpectedGradients();
        Expect.Close(Kernel, "gradient of means", gradMeans, expected);
        Expect.Close(Kernel, "gradient of log-stds", gradLogStds, expectedLogStds, scale: shared ? 4 * rows : 4);
    }

    [Test]
    public void ManyStates_MatchReference([Values(1, 6, 33)] int cols)
    {
        const int N = 65536;
        SmallOnly.SkipEmulated(kernels, (long)N * cols);
        GaussianBatch batch = new(N, cols, shared: true, pitched: false);
        var (logprobs, _) = batch.Forward(kernels);
        Expect.Close(Kernel, "logprob", logprobs, Oracle.Forward(Data.Doubles(batch.Means), Data.Doubles(batch.LogStds), Data.Doubles(batch.Actions), N).Logprobs, scale: 2 * cols);
        var (gradMeans, gradLogStds) = batch.Backward(kernels);
        var (expected, expectedLogStds) = batch.ExpectedGradients();
        Expect.Close(Kernel, "gradient of means", gradMeans, expected);

        // The terms cancel down to about the root of their number.
        Expect.Close(Kernel, "gradient of log-stds", gradLogStds, expectedLogStds, scale: 4 * Math.Sqrt(N));
    }

    [TestCase(0f, 0f, 0f, -0.9189385f, 1.4189385f, TestName = "Standard normal at its mean")]
    [TestCase(1f, 0f, 3f, -2.9189385f, 1.4189385f, TestName = "Two deviations away")]
    [TestCase(1f, 0.6931472f, 3f, -2.1120857f, 2.1120857f, TestName = "One deviation of two away")]
    public void OneAction_MatchesHandNumbers(float mean, float logStd, float action, float logprob, float entropy)
    {
        var (logprobs, entropies) = new GaussianBatch([mean], [logStd], [action], 1, 1).Forward(kernels);
        Assert.That((logprobs[0], entropies[0]), Is.EqualTo((logprob, entropy)).Using<(float, float)>((a, b) => Math.Abs(a.Item1 - b.Item1) < 5e-7 && Math.Abs(a.Item2 - b.Item2) < 5e-7));
    }

    [Test]
    public void ExtremeDeviations_MatchReference([Values(-86f, -30f, -10f, 10f, 30f, 86f)] float logStd, [Values] bool shared)
    {
        const int Rows = 5, Cols = 3;
        float[] means = Data.Normal(1, Rows * Cols), logStds = [.. Enumerable.Repeat(logStd, shared ? Cols : Rows * Cols)];
        float[] actions = [.. means.Zip(Data.Normal(2, Rows * Cols), (m, e) => m + (float)(Math.Exp(Math.Max(logStd, -12)) * e))];
        GaussianBatch batch = new(means, logStds, actions, Rows, Cols);
        var (logprobs, entropy) = batch.Forward(kernels);
        var (expected, expectedEntropy) = Oracle.Forward(Data.Doubles(means), Data.Doubles(logStds), Data.Doubles(actions), Rows);
        Expect.Close(Kernel, "logprob", logprobs, Rounded(expected), scale: 300);
        Expect.Close(Kernel, "entropy", entropy, expectedEntropy);
        var (gradMeans, gradLogStds) = batch.Backward(kernels);
        var (expectedMeans, expectedLogStds) = batch.ExpectedGradients();
        Expect.Close(Kernel, "gradient of means", gradMeans, Rounded(expectedMeans));
        if (logStd == -86f && shared)
        {
            // Terms of both signs overflow.
            Assert.That(gradLogStds.Any(float.IsFinite), Is.False);
            return;
        }

        Expect.Close(Kernel, "gradient of log-stds", gradLogStds, Rounded(expectedLogStds), scale: batch.LargestLogStdGradient() * (shared ? Rows : 0));
    }

    [Test]
    public void AnActionAtItsMean_HasAFiniteLogprob_WhateverTheDeviation([Values(-1000f, -100f, 100f, 1000f)] float logStd)
    {
        GaussianBatch batch = new([2f, 0f], [logStd, logStd], [2f, 0f], 1, 2);
        Assert.That(batch.Forward(kernels).Logprobs[0], Is.EqualTo((-2 * logStd) - 1.837877f).Within(1e-6 * Math.Abs(logStd)));
        Assert.That(batch.Backward(kernels).GradMeans, Is.All.EqualTo(0f));
    }

    [Test]
    public void AGradientThatOverflows_IsInfinite_InTheSumAsWell()
    {
        GaussianBatch batch = new([0f, 0f, 0f], [-80f], [1f, 1f, 0f], 3, 1) { GradLogprobs = [1f, 2f, 1f] };
        Assert.That(batch.Backward(kernels).GradLogStds, Is.EqualTo([float.PositiveInfinity]));
    }

    [Test]
    public void ARow_HasTheSameBits_InAnyBatch_AndWithASharedDeviation([Values(1, 6, 17)] int cols)
    {
        const int Rows = 200;
        GaussianBatch all = new(Rows, cols, shared: true, pitched: false);
        var (together, _) = all.Forward(kernels);
        var (gradTogether, _) = all.Backward(kernels);
        GaussianBatch own = new(all.Means, [.. Enumerable.Repeat(all.LogStds, Rows).SelectMany(row => row)], all.Actions, Rows, cols);
        Assert.That(own.Forward(kernels).Logprobs, Is.EqualTo(together));
        foreach (int row in new[] { 0, 3, 101, Rows - 1 })
        {
            Range part = (row * cols)..((row + 1) * cols);
            GaussianBatch alone = new(all.Means[part], all.LogStds, all.Actions[part], 1, cols) { GradLogprobs = [all.GradLogprobs[row]] };
            Assert.That(alone.Forward(kernels).Logprobs[0], Is.EqualTo(together[row]));
            Assert.That(alone.Backward(kernels).GradMeans, Is.EqualTo(gradTogether[part]));
        }
    }

    [Test]
    public void ARowWithoutUpstream_ChangesNothing_WhateverItHolds([Values(3, 40)] int cols)
    {
        const int Rows = 50;
        GaussianBatch clean = new(Rows, cols, shared: true, pitched: false), dirty = new(Rows, cols, shared: true, pitched: false);
        clean.GradLogprobs[7] = dirty.GradLogprobs[7] = 0;
        dirty.Means.AsSpan(7 * cols, cols).Fill(float.NaN);
        dirty.Actions.AsSpan(7 * cols, cols).Fill(float.PositiveInfinity);
        var (expectedMeans, expectedLogStds) = clean.Backward(kernels);
        var (gradMeans, gradLogStds) = dirty.Backward(kernels);
        Assert.That(gradMeans, Is.EqualTo(expectedMeans));
        Assert.That(gradLogStds, Is.EqualTo(expectedLogStds));
        Assert.That(gradMeans.AsSpan(7 * cols, cols).ToArray(), Is.All.EqualTo(0f));
    }

    [Test]
    public void NaN_StaysInItsRow([Values(0, 1, 2)] int where)
    {
        GaussianBatch batch = new(33, 5, shared: false, pitched: false);
        new[] { batch.Means, batch.LogStds, batch.Actions }[where][(4 * 5) + 2] = float.NaN;
        var (logprobs, _) = batch.Forward(kernels);
        var (gradMeans, gradLogStds) = batch.Backward(kernels);
        Assert.Multiple(() =>
        {
            Assert.That(Enumerable.Range(0, 33).Where(row => float.IsNaN(logprobs[row])), Is.EqualTo([4]));
            Assert.That(Enumerable.Range(0, 33 * 5).Where(i => float.IsNaN(gradMeans[i])), Is.EqualTo([22]));
            Assert.That(Enumerable.Range(0, 33 * 5).Where(i => float.IsNaN(gradLogStds[i])), Is.EqualTo([22]));
        });
    }

    [Test]
    public void Upstream_MayBeBroadcast_OrLeftOut()
    {
        const int Rows = 70, Cols = 6;
        GaussianBatch batch = new(Rows, Cols, shared: true, pitched: false);
        batch.GradLogprobs.AsSpan().Fill(0.5f);
        batch.GradEntropy.AsSpan().Fill(-0.01f);
        var (expectedMeans, expectedLogStds) = batch.Backward(kernels);
        using Pinned<float> m = Pinned.Of(batch.Means, Rows, Cols), s = Pinned.Of(batch.LogStds, 1, Cols), a = Pinned.Of(batch.Actions, Rows, Cols);
        using Pinned<float> g = new([0.5f], Rows, 1, 0), h = new([-0.01f], Rows, 1, 0), gm = Pinned.Zeros<float>(Rows, Cols), gs = Pinned.Zeros<float>(1, Cols);
        var args = new GaussianLogprobBackwardArgs { Means = m, LogStds = s, Actions = a, GradLogprobs = g, GradEntropy = h, GradMeans = gm, GradLogStds = gs };
        kernels.GaussianLogprobBackward(args);
        Assert.That(gm.ToArray(), Is.EqualTo(expectedMeans));
        Assert.That(gs.ToArray(), Is.EqualTo(expectedLogStds));
        kernels.GaussianLogprobBackward(args with { GradLogprobs = default });
        Assert.That(gm.ToArray(), Is.All.EqualTo(0f));
        Assert.That(gs.ToArray(), Is.All.EqualTo(-0.01f * Rows).Within(1e-6f));
    }

    [Test]
    public void NoStates_HaveNoGradient()
    {
        using Pinned<float> none = Pinned.Zeros<float>(0, 3), logStds = Pinned.Zeros<float>(1, 3), grad = Pinned.Of([7f, 7f, 7f], 1, 3);
        kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs { Means = none, LogStds = logStds, Actions = none, Logprobs = Pinned.Zeros<float>(0) });
        kernels.GaussianLogprobBackward(new GaussianLogprobBackwardArgs { Means = none, LogStds = logStds, Actions = none, GradMeans = none, GradLogStds = grad });
        Assert.That(grad.ToArray(), Is.All.EqualTo(0f), "the sum over nothing");
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using Pinned<float> x = Pinned.Zeros<float>(4, 3), two = Pinned.Zeros<float>(2, 3), lp = Pinned.Zeros<float>(4), wide = Pinned.Zeros<float>(1, 1025);
        var args = new GaussianLogprobForwardArgs { Means = x, LogStds = two, Actions = x, Logprobs = lp };
        Assert.That(() => kernels.GaussianLogprobForward(args), Throws.ArgumentException.With.Message.EqualTo("LogStds is [2, 3], expected [1, 3] or [4, 3]"));
        Assert.That(() => kernels.GaussianLogprobForward(args with { LogStds = default }), Throws.ArgumentException.With.Message.EqualTo("LogStds is missing, expected [1, 3] or [4, 3]"));
        Assert.That(
            () => kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs { Means = wide, LogStds = wide, Actions = wide, Logprobs = lp.View.SliceRows(0, 1) }),
            Throws.ArgumentException.With.Message.EqualTo("Means has 1025 columns, expected at most 1024"));
    }

    private static IEnumerable<int> Widths => [.. Enumerable.Range(1, 18), 31, 32, 33, 100, 600];

    private static double[] Rounded(double[] values) => [.. values.Select(value => (double)(float)value)];
}
