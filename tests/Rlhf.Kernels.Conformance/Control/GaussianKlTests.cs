using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Control.GaussianKl;

namespace Rlhf.Kernels.Conformance.Control;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class GaussianKlTests(IKernels kernels)
{
    private const string Kernel = "GaussianKl";
    private const float Pad = 7f;

    [Test]
    public void DivergenceAndGradient_MatchReference(
        [Values(1, 2, 31, 90)] int rows, [Values(1, 2, 3, 6, 7, 8, 15, 16, 17, 31, 32, 33, 600)] int cols, [Values] bool shared, [Values] bool oldShared, [Values] bool pitched)
    {
        Policies p = new(rows, cols, shared, oldShared, 1);
        var (kl, gradMeans, gradLogStds) = p.Run(kernels, pitched);
        var (expectedKl, expectedMeans, expectedLogStds) = p.Expected();
        Expect.Close(Kernel, "kl", kl, expectedKl);
        Expect.Close(Kernel, "gradient of means", gradMeans, expectedMeans);
        Expect.Close(Kernel, "gradient of log-stds", gradLogStds, expectedLogStds, scale: shared ? 8 * rows : 8);
    }

    [Test]
    public void ManyStates_MatchReference([Values(1, 6, 33)] int cols)
    {
        const int N = 65536;
        SmallOnly.SkipEmulated(kernels, (long)N * cols);
        Policies p = new(N, cols, shared: true, oldShared: true, 0.1);
        var (kl, gradMeans, gradLogStds) = p.Run(kernels, pitched: false);
        var (expectedKl, expectedMeans, expectedLogStds) = p.Expected();
        Expect.Close(Kernel, "kl", kl, expectedKl);
        Expect.Close(Kernel, "gradient of means", gradMeans, expectedMeans);
        Expect.Close(Kernel, "gradient of log-stds", gradLogStds, expectedLogStds, scale: Math.Sqrt(N));
    }

    [Test]
    public void NearEachOther_TheDivergenceKeepsItsDigits([Values(1e-1, 1e-2, 1e-3, 1e-4, 1e-5)] double size)
    {
        Policies p = new(20, 6, shared: false, oldShared: false, size);
        double[] expected = p.Expected().Kl;
        float[] kl = p.Run(kernels, pitched: false).Kl;
        for (int row = 0; row < kl.Length; row++)
        {
            Assert.That(kl[row], Is.EqualTo(expected[row]).Within(2e-6 * expected[row]), $"row {row}");
        }
    }

    [Test]
    public void EqualPolicies_HaveNoDivergenceAndNoGradient([Values(-20f, 0f, 20f)] float logStd)
    {
        Policies p = new([1.5f, -3f], [logStd, 0.1f], [1.5f, -3f], [logStd, 0.1f], 1, 2);
        var (kl, gradMeans, gradLogStds) = p.Run(kernels, pitched: false);
        Assert.That((float[])[.. kl, .. gradMeans, .. gradLogStds], Is.All.EqualTo(0f));
    }

    [Test]
    public void OneAction_MatchesHandNumbers()
    {
        // From N(1, 1) to N(3, 2²): log 2 + (1 + 4) / 8 − ½; slopes 2 / 4 and 1 − 5 / 4.
        Policies p = new([3f], [MathF.Log(2)], [1f], [0f], 1, 1) { GradKl = [1f] };
        var (kl, gradMeans, gradLogStds) = p.Run(kernels, pitched: false);
        Assert.Multiple(() =>
        {
            Assert.That(kl[0], Is.EqualTo(0.8181472f).Within(3e-7f));
            Assert.That(gradMeans[0], Is.EqualTo(0.5f).Within(3e-7f));
            Assert.That(gradLogStds[0], Is.EqualTo(-0.25f).Within(5e-7f));
        });
    }

    [Test]
    public void ExtremeDeviations_MatchReference([Values(-80f, -30f, 30f, 80f)] float logStd, [Values(-80f, 0f, 80f)] float oldLogStd)
    {
        const int Rows = 5, Cols = 3;
        Policies p = new(
            Data.Normal(1, Rows * Cols), [.. Enumerable.Repeat(logStd, Rows * Cols)], Data.Normal(2, Rows * Cols), [.. Enumerable.Repeat(oldLogStd, Cols)], Rows, Cols);
        var (kl, gradMeans, gradLogStds) = p.Run(kernels, pitched: false);
        var (expectedKl, expectedMeans, expectedLogStds) = p.Expected();
        Expect.Close(Kernel, "kl", kl, Rounded(expectedKl));
        Expect.Close(Kernel, "gradient of means", gradMeans, Rounded(expectedMeans));
        Expect.Close(Kernel, "gradient of log-stds", gradLogStds, Rounded(expectedLogStds));
    }

    [Test]
    public void ZeroOldMeans_GiveTheFisherProduct()
    {
        const int Rows = 40, Cols = 6;
        float[] direction = Data.Normal(1, Rows * Cols), logStds = Data.Normal(2, Cols, 0.5);
        using Pinned<float> u = Pinned.Of(direction, Rows, Cols), s = Pinned.Of(logStds, 1, Cols), kl = Pinned.Zeros<float>(Rows);
        using Pinned<float> zeros = new(new float[Cols], Rows, Cols, 0), weight = new([1f / Rows], Rows, 1, 0), product = Pinned.Zeros<float>(Rows, Cols);
        kernels.GaussianKl(new GaussianKlArgs { Means = u, LogStds = s, OldMeans = zeros, OldLogStds = s, GradKl = weight, Kl = kl, GradMeans = product });
        double[] expected = [.. direction.Select((x, i) => x * Math.Exp(-2 * (double)logStds[i % Cols]) / Rows)];
        Expect.Close(Kernel, "product", product.Dense(), expected);
    }

    [Test]
    public void ARowWithoutUpstream_HasNoGradient_WhateverItHolds()
    {
        const int Rows = 50, Cols = 6;
        Policies clean = new(Rows, Cols, true, true, 1), dirty = new(Rows, Cols, true, true, 1);
        clean.GradKl[7] = dirty.GradKl[7] = 0;
        dirty.Means.AsSpan(7 * Cols, Cols).Fill(float.NaN);
        var expected = clean.Run(kernels, false);
        var actual = dirty.Run(kernels, false);
        Assert.That(actual.GradMeans, Is.EqualTo(expected.GradMeans));
        Assert.That(actual.GradLogStds, Is.EqualTo(expected.GradLogStds));
        Assert.That(actual.Kl[7], Is.NaN);
    }

    [Test]
    public void ARow_HasTheSameBits_InAnyBatch()
    {
        const int Rows = 200, Cols = 6;
        Policies all = new(Rows, Cols, true, true, 1);
        float[] together = all.Run(kernels, false).Kl;
        foreach (int row in new[] { 0, 3, 101, Rows - 1 })
        {
            Range part = (row * Cols)..((row + 1) * Cols);
            Policies alone = new(all.Means[part], all.LogStds, all.OldMeans[part], all.OldLogStds, 1, Cols);
            Assert.That(alone.Run(kernels, false).Kl[0], Is.EqualTo(together[row]));
        }
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using Pinned<float> x = Pinned.Zeros<float>(4, 3), two = Pinned.Zeros<float>(2, 3), one = Pinned.Zeros<float>(1, 3), kl = Pinned.Zeros<float>(4);
        var args = new GaussianKlArgs { Means = x, LogStds = one, OldMeans = x, OldLogStds = two, Kl = kl };
        Assert.That(() => kernels.GaussianKl(args), Throws.ArgumentException.With.Message.EqualTo("OldLogStds is [2, 3], expected [1, 3] or [4, 3]"));
        Assert.That(
            () => kernels.GaussianKl(args with { OldLogStds = one, GradLogStds = x }),
            Throws.ArgumentException.With.Message.EqualTo("GradLogStds is [4, 3], expected [1, 3]"));
    }

    private static double[] Rounded(double[] values) => [.. values.Select(value => (double)(float)value)];

    /// <summary>Two policies, and the calls on them.</summary>
    private sealed class Policies(float[] means, float[] logStds, float[] oldMeans, float[] oldLogStds, int rows, int cols)
    {
        /// <summary>The old policy lies about <paramref name="size"/> from the new one.</summary>
        public Policies(int rows, int cols, bool shared, bool oldShared, double size)
            : this(Data.Normal(1, rows * cols), Data.Normal(2, shared ? cols : rows * cols, 0.5), [], [], rows, cols)
        {
            OldMeans = [.. Means.Zip(Data.Normal(3, rows * cols, size), (m, d) => m + d)];
            float[] change = Data.Normal(4, oldShared ? cols : rows * cols, 0.5 * size);
            OldLogStds = [.. change.Select((d, i) => LogStds[i % LogStds.Length] + d)];
        }

        public float[] Means { get; } = means;

        public float[] LogStds { get; } = logStds;

        public float[] OldMeans { get; } = oldMeans;

        public float[] OldLogStds { get; } = oldLogStds;

        public float[] GradKl { get; init; } = Data.Normal(5, rows);

        public (float[] Kl, float[] GradMeans, float[] GradLogStds) Run(IKernels kernels, bool pitched)
        {
            int pitch = pitched ? cols + 5 : cols, stdRows = LogStds.Length / cols;
            using Pinned<float> m = Pinned.Pitched(Means, rows, cols, pitch, float.NaN), s = Pinned.Pitched(LogStds, stdRows, cols, pitch, float.NaN);
            using Pinned<float> om = Pinned.Pitched(OldMeans, rows, cols, pitch, float.NaN), os = Pinned.Pitched(OldLogStds, OldLogStds.Length / cols, cols, pitch, float.NaN);
            using Pinned<float> g = Pinned.Of(GradKl), kl = Pinned.Pitched(new float[rows], rows, 1, pitched ? 2 : 1, Pad);
            using Pinned<float> gm = Pinned.Pitched(new float[rows * cols], rows, cols, pitch, Pad), gs = Pinned.Pitched(new float[LogStds.Length], stdRows, cols, pitch, Pad);
            kernels.GaussianKl(new GaussianKlArgs
            {
                Means = m, LogStds = s, OldMeans = om, OldLogStds = os, GradKl = g, Kl = kl, GradMeans = gm, GradLogStds = gs,
            });
            Expect.PadsUntouched(kl, Pad);
            Expect.PadsUntouched(gm, Pad);
            Expect.PadsUntouched(gs, Pad);
            return (kl.Dense(), gm.Dense(), gs.Dense());
        }

        public (double[] Kl, double[] GradMeans, double[] GradLogStds) Expected()
        {
            double[] m = Data.Doubles(Means), s = Data.Doubles(LogStds), om = Data.Doubles(OldMeans), os = Data.Doubles(OldLogStds);
            var (gradMeans, gradLogStds) = Oracle.Gradient(m, s, om, os, Data.Doubles(GradKl));
            return (Oracle.Divergence(m, s, om, os, rows), gradMeans, gradLogStds);
        }
    }
}
