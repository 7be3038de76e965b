using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sampling;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sampling.Gaussian;

namespace Rlhf.Kernels.Conformance.Sampling;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class GaussianTests(IKernels kernels)
{
    private const ulong Seed = 42;
    private const int Step = 5, FirstSequence = 1000;

    [Test]
    public void Draws_MatchReference([Values(1, 30)] int rows, [Values(1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 33, 600)] int cols, [Values] bool shared, [Values] bool pitched)
    {
        float[] means = Data.Normal(1, rows * cols), logStds = Data.Normal(2, shared ? cols : rows * cols, 0.5);
        float[] actions = Sample(means, logStds, rows, cols, pitched: pitched).Actions;
        for (int row = 0; row < rows; row++)
        {
            Range part = (row * cols)..((row + 1) * cols);
            double[] expected = Oracle.Draw(Data.Doubles(means[part]), Data.Doubles(shared ? logStds : logStds[part]), Words(FirstSequence + row, cols));
            Expect.Close("Gaussian", $"actions of row {row}", actions.AsSpan(part), expected, scale: 8);
        }
    }

    [Test]
    public void Logprob_HasTheBitsOfGaussianLogprob([Values(1, 6, 17, 100)] int cols, [Values] bool shared)
    {
        const int Rows = 60;
        float[] means = Data.Normal(1, Rows * cols, 10), logStds = Data.Normal(2, shared ? cols : Rows * cols, 1, -3);
        var (actions, logprobs, entropy) = Sample(means, logStds, Rows, cols);
        using Pinned<float> m = Pinned.Of(means, Rows, cols), s = Pinned.Of(logStds, logStds.Length / cols, cols), a = Pinned.Of(actions, Rows, cols);
        using Pinned<float> lp = Pinned.Zeros<float>(Rows), h = Pinned.Zeros<float>(Rows);
        kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs { Means = m, LogStds = s, Actions = a, Logprobs = lp, Entropy = h });
        Assert.That(logprobs, Is.EqualTo(lp.ToArray()));
        Assert.That(entropy, Is.EqualTo(h.ToArray()));
    }

    [Test]
    public void Draws_AreNormal_AndIndependentBetweenColumns()
    {
        // 5,000 rows of 4: four standard errors of mean, variance, skewness, kurtosis and correlation.
        const int Rows = 5000, Cols = 4;
        float[] actions = Sample(new float[Rows * Cols], new float[Cols], Rows, Cols).Actions;
        double Mean(Func<double, double> f) => actions.Average(x => f(x));
        double error = 4 / Math.Sqrt(Rows * Cols);
        Assert.Multiple(() =>
        {
            Assert.That(Mean(x => x), Is.Zero.Within(error));
            Assert.That(Mean(x => x * x), Is.EqualTo(1).Within(error * Math.Sqrt(2)));
            Assert.That(Mean(x => x * x * x), Is.Zero.Within(error * Math.Sqrt(15)));
            Assert.That(Mean(x => x * x * x * x), Is.EqualTo(3).Within(error * Math.Sqrt(96)));
            Assert.That(actions.Count(x => x > 1.6448536f) / (double)(Rows * Cols), Is.EqualTo(0.05).Within(error * 0.218));
            for (int other = 1; other < Cols; other++)
            {
                double covariance = Enumerable.Range(0, Rows).Average(row => (double)actions[row * Cols] * actions[(row * Cols) + other]);
                double squares = Enumerable.Range(0, Rows).Average(row => Math.Pow(actions[row * Cols], 2) * Math.Pow(actions[(row * Cols) + other], 2));
                Assert.That(covariance, Is.Zero.Within(4 / Math.Sqrt(Rows)), $"columns 0 and {other}");
                Assert.That(squares, Is.EqualTo(1).Within(4 * Math.Sqrt(8.0 / Rows)), $"squares of columns 0 and {other}");
            }
        });
    }

    [Test]
    public void ASequence_GetsTheSameActions_InAnyBatch([Values(1, 6, 17)] int cols)
    {
        const int Rows = 100;
        float[] means = Data.Normal(1, Rows * cols), logStds = Data.Normal(2, cols);
        var together = Sample(means, logStds, Rows, cols);
        foreach (int row in new[] { 0, 31, 77, Rows - 1 })
        {
            Range part = (row * cols)..((row + 1) * cols);
            var alone = Sample(means[part], logStds, 1, cols, firstSequence: FirstSequence + row);
            Assert.That(alone.Actions, Is.EqualTo(together.Actions[part]));
            Assert.That(alone.Logprobs[0], Is.EqualTo(together.Logprobs[row]));
        }
    }

    [Test]
    public void Seed_Sequence_And_Step_EachChangeTheDraw()
    {
        float Draw(ulong seed, int sequence, int step) => Sample([0f], [0f], 1, 1, seed: seed, firstSequence: sequence, step: step).Actions[0];
        float[] draws = [Draw(1, 0, 0), Draw(2, 0, 0), Draw(1, 1, 0), Draw(1, 0, 1), Draw(1, 0, -1), Draw(1ul << 32, 0, 0)];
        Assert.That(draws, Is.Unique);
    }

    [Test]
    public void AVanishingDeviation_GivesTheMean([Values(-100f, -1000f)] float logStd)
    {
        var (actions, logprobs, _) = Sample([3f, -4f], [logStd, logStd], 1, 2);
        Assert.That(actions, Is.EqualTo(new[] { 3f, -4f }));
        Assert.That(logprobs[0], Is.EqualTo((-2 * logStd) - 1.837877f).Within(1e-4f));
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using Pinned<float> x = Pinned.Zeros<float>(4, 3), s = Pinned.Zeros<float>(1, 3), lp = Pinned.Zeros<float>(4);
        using Pinned<long> sequences = Pinned.Zeros<long>(4);
        using Pinned<int> steps = Pinned.Zeros<int>(3);
        Assert.That(
            () => kernels.Gaussian(new GaussianArgs { Means = x, LogStds = s, Seed = 1, Sequences = sequences, Steps = steps, Actions = x, Logprobs = lp }),
            Throws.ArgumentException.With.Message.EqualTo("Steps is [3], expected [4]"));
    }

    private static uint[] Words(int sequence, int cols)
    {
        List<uint> words = [];
        for (ulong block = 1; words.Count <= cols; block++)
        {
            var (x0, x1, x2, x3) = Philox.Generate(Seed, (ulong)sequence, Step | (block << 32));
            words.AddRange([x0, x1, x2, x3]);
        }

        return [.. words];
    }

    private (float[] Actions, float[] Logprobs, float[] Entropy) Sample(
        float[] means, float[] logStds, int rows, int cols, ulong seed = Seed, int firstSequence = FirstSequence, int step = Step, bool pitched = false)
    {
        int pitch = pitched ? cols + 5 : cols;
        using Pinned<float> m = Pinned.Pitched(means, rows, cols, pitch, float.NaN), s = Pinned.Pitched(logStds, logStds.Length / cols, cols, pitch, float.NaN);
        using var sequences = Pinned.Of([.. Enumerable.Range(firstSequence, rows).Select(i => (long)i)]);
        using var steps = new Pinned<int>([step], rows, 1, 0);
        using Pinned<float> actions = Pinned.Pitched(new float[rows * cols], rows, cols, pitch, 7f), logprobs = Pinned.Zeros<float>(rows), entropy = Pinned.Zeros<float>(rows);
        kernels.Gaussian(new GaussianArgs
        {
            Means = m, LogStds = s, Seed = seed, Sequences = sequences, Steps = steps, Actions = actions, Logprobs = logprobs, Entropy = entropy,
        });
        Expect.PadsUntouched(actions, 7f);
        return (actions.Dense(), logprobs.ToArray(), entropy.ToArray());
    }
}
