using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sampling.Categorical;

namespace Rlhf.Kernels.Conformance.Sampling;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class CategoricalTests(IKernels kernels)
{
    private const ulong Seed = 42;

    [Test]
    public void Draws_MatchReference(
        [Values(1, 2, 33, 507, 5003)] int vocab,
        [Values(0, 1, 7, 100)] int topK,
        [Values(1f, 0.9f, 0.3f)] float topP,
        [Values] bool truncatedLogprobs)
    {
        var transform = new LogitTransform { Temperature = 0.8f };
        float[][] rows = [.. Enumerable.Range(0, 12).Select(i => LogitRows.Make(i % 4 == 3 ? "masked_third" : "normal", i, vocab))];
        (int[] tokens, float[] logprobs, float[] entropy) = Sample(rows, transform, topK: topK, topP: topP, truncated: truncatedLogprobs);
        for (int row = 0; row < rows.Length; row++)
        {
            double uniform = Philox.UniformDouble(Seed, (ulong)(1000 + row), 5);
            double[] exact = Data.Doubles(rows[row]);
            var expected = Oracle.Draw(exact, transform, false, topK, topP, truncatedLogprobs, uniform);
            Assert.That(tokens[row], Is.EqualTo(expected.Token), $"row {row}");
            Assert.That(logprobs[row], Is.EqualTo(expected.Logprob).Within(2e-6 * (1 - expected.Logprob)), $"row {row}");
            Assert.That(entropy[row], Is.EqualTo(expected.Entropy).Within(2e-6 * (1 + expected.Entropy)), $"row {row}");
        }
    }

    [Test]
    public void Logprob_HasTheBitsOfTokenLogprobs([Values(1, 31, 50, 2049, 5003)] int vocab, [Values(0f, 5f)] float cap)
    {
        var transform = new LogitTransform { Temperature = 0.7f, SoftCap = cap };
        float[][] rows = [.. Enumerable.Range(0, 10).Select(i => LogitRows.Make(i % 2 == 0 ? "peaked" : "normal", i, vocab))];
        (int[] tokens, float[] logprobs, float[] entropy) = Sample(rows, transform, topK: 20);
        using var x = Pinned.Of([.. rows.SelectMany(row => row)], rows.Length, vocab);
        using var targets = Pinned.Of(tokens);
        using Pinned<float> lp = Pinned.Zeros<float>(rows.Length), h = Pinned.Zeros<float>(rows.Length);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Transform = transform, Logprobs = lp, Entropy = h });
        Assert.Multiple(() =>
        {
            Assert.That(logprobs, Is.EqualTo(lp.ToArray()));
            Assert.That(entropy, Is.EqualTo(h.ToArray()));
        });
    }

    [Test]
    public void Draws_FollowTheDistribution()
    {
        // 20,000 draws from 5 tokens: three standard deviations of a frequency are below 0.011.
        const int N = 20_000;
        float[] row = [0f, 1f, -1f, 2f, float.NegativeInfinity];
        (int[] tokens, _, _) = Sample([.. Enumerable.Repeat(row, N)], default);
        double[] p = Reference.Sequence.TokenLogprobs.LogSoftmax(Data.Doubles(row));
        for (int j = 0; j < row.Length; j++)
        {
            Assert.That(tokens.Count(token => token == j) / (double)N, Is.EqualTo(Math.Exp(p[j])).Within(0.011));
        }
    }

    [Test]
    public void ASequence_GetsTheSameTokens_InAnyBatch()
    {
        float[][] rows = [.. Enumerable.Range(0, 9).Select(i => LogitRows.Make("normal", i, 301))];
        (int[] together, float[] logprobs, _) = Sample(rows, default, topP: 0.95f);
        for (int row = 0; row < rows.Length; row++)
        {
            (int[] alone, float[] logprob, _) = Sample([rows[row]], default, topP: 0.95f, firstSequence: 1000 + row);
            Assert.That((alone[0], logprob[0]), Is.EqualTo((together[row], logprobs[row])));
        }

        Assert.That(together.Distinct().Count(), Is.GreaterThan(4), "sequences draw from different numbers");
    }

    [Test]
    public void Greedy_TakesTheLowestOfTheMostLikely()
    {
        (int[] tokens, float[] logprobs, _) = Sample([[1f, 3f, 3f, 2f], [float.NegativeInfinity, -5f, -7f, -5f]], default, greedy: true);
        Assert.That(tokens, Is.EqualTo([1, 1]));
        Assert.That(logprobs[1], Is.EqualTo(-Math.Log(2 + Math.Exp(-2))).Within(1e-6));
    }

    [Test]
    public void TopK_KeepsAllTiesAtTheBorder()
    {
        float[][] rows = [.. Enumerable.Repeat(new float[] { 5f, 1f, 1f, 1f, 0.5f }, 2000)];
        (int[] tokens, float[] logprobs, _) = Sample(rows, new LogitTransform { Temperature = 10f }, topK: 2, truncated: true);
        Assert.That(tokens.Distinct().Order(), Is.EqualTo([0, 1, 2, 3]));
        double z = Math.Exp(0.5) + (3 * Math.Exp(0.1));
        Assert.That(logprobs[Array.IndexOf(tokens, 2)], Is.EqualTo(0.1 - Math.Log(z)).Within(1e-6));
    }

    [Test]
    public void TopP_KeepsTheFewestThatReachIt()
    {
        // Probabilities 0.5, 0.25, 0.125, 0.125: 0.74 needs two tokens, 0.76 needs more than two.
        float[] row = [MathF.Log(0.5f), MathF.Log(0.25f), MathF.Log(0.125f), MathF.Log(0.12f)];
        float[][] rows = [.. Enumerable.Repeat(row, 500)];
        Assert.That(Sample(rows, default, topP: 0.74f).Tokens.Distinct().Order(), Is.EqualTo([0, 1]));
        Assert.That(Sample(rows, default, topP: 0.78f).Tokens.Distinct().Order(), Is.EqualTo([0, 1, 2]));
    }

    [Test]
    public void AMaskedToken_IsNeverDrawn()
    {
        float[][] rows = [.. Enumerable.Range(0, 300).Select(i => LogitRows.Make("masked_third", i, 64))];
        (int[] tokens, float[] logprobs, _) = Sample(rows, new LogitTransform { SoftCap = 2f });
        Assert.That(tokens.Select(token => token % 3), Has.None.EqualTo(1));
        Assert.That(logprobs.All(float.IsFinite));
    }

    [Test]
    public void ARowWithoutAFiniteMaximum_GivesNaN()
    {
        (int[] tokens, float[] logprobs, _) = Sample([[float.NaN, 1f], [float.NegativeInfinity, float.NegativeInfinity], [0f, 1f]], default, topK: 1, topP: 0.5f);
        Assert.Multiple(() =>
        {
            Assert.That(logprobs[..2], Is.All.NaN);
            Assert.That(tokens, Is.EqualTo([0, 0, 1]));
        });
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        Assert.That(() => Sample([[1f]], default, topP: 0f), Throws.ArgumentException.With.Message.Contains("TopP is 0"));
        Assert.That(() => Sample([[1f]], default, topK: -1), Throws.ArgumentException.With.Message.Contains("TopK is -1"));
    }

    private (int[] Tokens, float[] Logprobs, float[] Entropy) Sample(
        float[][] rows, LogitTransform transform, bool greedy = false, int topK = 0, float topP = 1f, bool truncated = false, int firstSequence = 1000)
    {
        int n = rows.Length;
        using var x = Pinned.Of([.. rows.SelectMany(row => row)], n, rows[0].Length);
        using var sequences = Pinned.Of([.. Enumerable.Range(firstSequence, n).Select(i => (long)i)]);
        using var position = new Pinned<int>([5], n, 1, 0);
        using Pinned<int> tokens = Pinned.Zeros<int>(n);
        using Pinned<float> logprobs = Pinned.Zeros<float>(n), entropy = Pinned.Zeros<float>(n);
        kernels.Categorical(new CategoricalArgs<float>
        {
            Logits = x, Transform = transform, Greedy = greedy, TopK = topK, TopP = topP, TruncatedLogprobs = truncated, Seed = Seed,
            Sequences = sequences, Positions = position, Tokens = tokens, Logprobs = logprobs, Entropy = entropy,
        });
        return (tokens.ToArray(), logprobs.ToArray(), entropy.ToArray());
    }
}
