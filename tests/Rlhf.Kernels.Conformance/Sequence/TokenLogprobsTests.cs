using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.Sequence;

/// <summary>Forward and backward against the double reference, within the bounds of the catalogue.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class TokenLogprobsTests(IKernels kernels)
{
    private const double LogprobTolerance = 1e-6, EntropyTolerance = 2e-6, GradTolerance = 1e-6;

    [Test]
    public void Forward_MatchesReference_OverVocabularies([Values(1, 2, 3, 31, 32, 33, 63, 500, 507, 2047, 2048, 2049, 6151)] int vocab) =>
        CheckForward([.. LogitRows.Kinds.Select((kind, i) => LogitRows.Make(kind, i, vocab))], default);

    [Test]
    public void Forward_MatchesReference_AtRealVocabularies([Values(50257, 129920, 151936)] int vocab)
    {
        SmallOnly.SkipEmulated(kernels, vocab);
        CheckForward([LogitRows.Make("normal", 5, vocab), LogitRows.Make("all_negative", 6, vocab)], default);
    }

    [Test]
    public void Forward_MatchesReference_WithTransform(
        [Values(1f, 0.7f, 1.3f)] float temperature, [Values(1f, 0.5f)] float scale, [Values(0f, 1f, 2f, 5f, 30f)] float cap) =>
        CheckForward(
            [.. new[] { "normal", "wide", "all_negative", "masked_third", "huge" }.Select((kind, i) => LogitRows.Make(kind, i, 507))],
            new LogitTransform { Temperature = temperature, LogitScale = scale, SoftCap = cap });

    [Test]
    public void Backward_MatchesReference_OverVocabularies([Values(1, 2, 31, 33, 500, 507, 2049)] int vocab, [Values] bool entropyOnly) =>
        CheckBackward([.. LogitRows.Kinds.Select((kind, i) => LogitRows.Make(kind, i, vocab))], default, entropyOnly ? 0 : 1);

    [Test]
    public void Backward_MatchesReference_WithTransform([Values(0.7f, 1.3f)] float temperature, [Values(0f, 1f, 2f, 5f, 30f)] float cap) =>
        CheckBackward(
            [.. new[] { "normal", "wide", "all_negative", "masked_third", "huge" }.Select((kind, i) => LogitRows.Make(kind, i, 507))],
            new LogitTransform { Temperature = temperature, LogitScale = 0.5f, SoftCap = cap },
            1);

    [Test]
    public void Backward_IsTheSameWithinRounding_FromSavedStatistics([Values(0f, 5f)] float cap)
    {
        const int N = 9, V = 1501;
        var transform = new LogitTransform { Temperature = 0.8f, SoftCap = cap };
        using var x = Pinned.Of(Data.Normal(1, N * V, 4), N, V);
        using var targets = Pinned.Of(Data.Integers(2, N, V));
        using var g = Pinned.Of(Data.Normal(3, N));
        using var gh = Pinned.Of(Data.Normal(4, N));
        using Pinned<float> lp = Pinned.Zeros<float>(N), entropy = Pinned.Zeros<float>(N), max = Pinned.Zeros<float>(N), logSum = Pinned.Zeros<float>(N);
        using Pinned<float> alone = Pinned.Zeros<float>(N, V), saved = Pinned.Zeros<float>(N, V);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
        {
            Logits = x, Targets = targets, Transform = transform, Logprobs = lp, Entropy = entropy, RowMax = max, RowLogSum = logSum,
        });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float>
        {
            Logits = x, Targets = targets, Transform = transform, GradLogprobs = g, GradEntropy = gh, GradLogits = alone,
        });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float>
        {
            Logits = x, Targets = targets, Transform = transform, GradLogprobs = g, GradEntropy = gh, GradLogits = saved,
            RowMax = max, RowLogSum = logSum, Entropy = entropy,
        });
        Assert.That(Data.Doubles(saved.Span), Is.EqualTo(Data.Doubles(alone.Span)).Within(3e-6));
    }

    [Test]
    public void Forward_GivesNaN_WithoutAFiniteMaximum([Values(float.NegativeInfinity, float.NaN, float.PositiveInfinity)] float special, [Values(5, 40, 4100)] int vocab)
    {
        float[] logits = Data.Normal(1, vocab * 2);
        if (float.IsNegativeInfinity(special))
        {
            logits.AsSpan(0, vocab).Fill(special);
        }
        else
        {
            logits[vocab - 1] = special;
        }

        using var x = Pinned.Of(logits, 2, vocab);
        using var targets = Pinned.Of<int>([1, 1]);
        using Pinned<float> lp = Pinned.Zeros<float>(2), entropy = Pinned.Zeros<float>(2);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp, Entropy = entropy });
        Assert.Multiple(() =>
        {
            Assert.That(lp.Span[0], Is.NaN);
            Assert.That(entropy.Span[0], Is.NaN);
            Assert.That(lp.Span[1], Is.LessThan(0f), "the next row is not touched by it");
        });
    }

    [Test]
    public void Forward_GivesMinusInfinity_ForAMaskedTarget()
    {
        using var x = Pinned.Of([1f, float.NegativeInfinity, 2f], 1, 3);
        using var targets = Pinned.Of<int>([1]);
        using var lp = Pinned.Zeros<float>(1);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp });
        Assert.That(lp.Span[0], Is.EqualTo(float.NegativeInfinity));
    }

    [Test]
    public void Backward_IsExactlyZero_WhereProbabilityIsZero([Values] bool withEntropy)
    {
        float[] logits = LogitRows.Make("masked_third", 3, 100);
        logits[50] = -5000f;
        using var x = Pinned.Of(logits, 1, 100);
        using var targets = Pinned.Of<int>([0]);
        using var g = Pinned.Of([2f]);
        using var grad = Pinned.Zeros<float>(1, 100);
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float>
        {
            Logits = x, Targets = targets, GradLogprobs = g, GradEntropy = withEntropy ? g : default(ReadOnlyView<float>), GradLogits = grad,
        });
        for (int j = 0; j < 100; j++)
        {
            Assert.That(grad.Span[j] == 0f, Is.EqualTo(j % 3 == 1 || j == 50), $"entry {j}");
        }
    }

    [Test]
    public void MaskedRows_AreNotReadAndGiveZeros()
    {
        const int V = 37;
        float[] logits = Data.Normal(1, 3 * V);
        logits.AsSpan(V, V).Fill(float.NaN);
        using var x = Pinned.Of(logits, 3, V);
        using var targets = Pinned.Of<int>([3, -100, 5]);
        using var mask = Pinned.Of<byte>([1, 0, 1]);
        using var g = Pinned.Of([1f, float.NaN, 1f]);
        using var lp = Pinned.Of([9f, 9f, 9f]);
        using var entropy = Pinned.Of([9f, 9f, 9f]);
        using var grad = Pinned.Of(Enumerable.Repeat(9f, 3 * V).ToArray(), 3, V);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Mask = mask, Logprobs = lp, Entropy = entropy });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, Mask = mask, GradLogprobs = g, GradLogits = grad });
        Assert.Multiple(() =>
        {
            Assert.That(lp.Span[1], Is.Zero);
            Assert.That(entropy.Span[1], Is.Zero);
            Assert.That(grad.Span.Slice(V, V).ToArray(), Is.All.Zero);
            Assert.That(grad.Span[..V].ToArray(), Has.All.Not.EqualTo(9f));
            Assert.That(lp.Span[2], Is.LessThan(0f));
        });
    }

    [Test]
    public void NoRows_IsNoWork()
    {
        using var targets = Pinned.Zeros<int>(0);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = default, Targets = default, Logprobs = default });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = default, Targets = default, GradLogits = default });
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using var x = Pinned.Zeros<float>(2, 4);
        using var h = Pinned.Zeros<Half>(2, 4);
        using var targets = Pinned.Of<int>([0, 4]);
        using var good = Pinned.Of<int>([0, 3]);
        using var lp = Pinned.Zeros<float>(2);
        using var one = Pinned.Zeros<float>(1);
        Assert.Multiple(() =>
        {
            Assert.That(
                () => kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp }),
                Throws.ArgumentException.With.Message.EqualTo("Targets[1] is 4, expected a token id from 0 to 3"));
            Assert.That(
                () => kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = good, Logprobs = one }),
                Throws.ArgumentException.With.Message.Contains("Logprobs is [1], expected [2]"));
            if (kernels is CpuKernels)
            {
                // A device may take f16 as well.
                Assert.That(
                    () => kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<Half> { Logits = h, Targets = good, Logprobs = lp }),
                    Throws.ArgumentException.With.Message.Contains("Half, expected Single or BFloat16"));
            }
        });
    }

    private void CheckForward(float[][] rows, LogitTransform transform)
    {
        int n = rows.Length, vocab = rows[0].Length;
        int[] picks = [.. rows.Select(LogitRows.Target)];
        using var targets = Pinned.Of(picks);
        Check<float>([.. rows.SelectMany(row => row)], value => value);
        Check([.. rows.SelectMany(row => Data.BFloat16s(row))], value => (float)value);

        void Check<T>(T[] logits, Func<T, double> widen)
            where T : unmanaged
        {
            using var x = Pinned.Of(logits, n, vocab);
            using Pinned<float> lp = Pinned.Zeros<float>(n), entropy = Pinned.Zeros<float>(n);
            kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<T> { Logits = x, Targets = targets, Transform = transform, Logprobs = lp, Entropy = entropy });

            // A capped value carries an f32 rounding of the cap's size.
            double capRounding = 2e-7 * transform.SoftCap / transform.Temperature;
            Assert.Multiple(() =>
            {
                for (int row = 0; row < n; row++)
                {
                    double[] exact = [.. logits.Skip(row * vocab).Take(vocab).Select(widen)];
                    var (logprob, h) = Oracle.Forward(exact, picks[row], transform);
                    Assert.That(lp.Span[row], Is.EqualTo(logprob).Within((LogprobTolerance * (1 + Math.Abs(logprob))) + capRounding), $"{typeof(T).Name} logprob of row {row}");
                    Assert.That(entropy.Span[row], Is.EqualTo(h).Within((EntropyTolerance * (1 + h)) + (capRounding * (1 + h))), $"{typeof(T).Name} entropy of row {row}");
                    Assert.That(lp.Span[row], Is.LessThanOrEqualTo(0f));
                    Assert.That(entropy.Span[row], Is.InRange(0f, (float)(Math.Log(vocab) * (1 + 1e-6))));
                }
            });
        }
    }

    private void CheckBackward(float[][] rows, LogitTransform transform, float logprobWeight)
    {
        int n = rows.Length, vocab = rows[0].Length;
        int[] picks = [.. rows.Select(LogitRows.Target)];
        float[] upstream = Data.Normal(7, n), entropyUpstream = Data.Normal(8, n);
        upstream = [.. upstream.Select((value, i) => i == 1 ? 0 : value * logprobWeight)];
        using var targets = Pinned.Of(picks);
        using var g = Pinned.Of(upstream);
        using var gh = Pinned.Of(entropyUpstream);
        Check<float>([.. rows.SelectMany(row => row)], value => value, 0);
        Check([.. rows.SelectMany(row => Data.BFloat16s(row))], value => (float)value, 1.0 / 256);

        void Check<T>(T[] logits, Func<T, double> widen, double storageUlp)
            where T : unmanaged
        {
            using var x = Pinned.Of(logits, n, vocab);
            using var grad = Pinned.Zeros<T>(n, vocab);
            kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T>
            {
                Logits = x, Targets = targets, Transform = transform, GradLogprobs = g, GradEntropy = gh, GradLogits = grad,
            });
            for (int row = 0; row < n; row++)
            {
                double[] exact = [.. logits.Skip(row * vocab).Take(vocab).Select(widen)];
                double[] expected = Oracle.Backward(exact, picks[row], transform, upstream[row], entropyUpstream[row]);
                double size = (Math.Abs(upstream[row]) + (Math.Abs(entropyUpstream[row]) * (1 + Math.Log(vocab)))) / transform.Temperature;
                for (int j = 0; j < vocab; j++)
                {
                    double error = Math.Abs(widen(grad.Span[(row * vocab) + j]) - expected[j]);
                    double allowed = (GradTolerance * (1 + size)) + (storageUlp * Math.Abs(expected[j])) + (4e-7 * transform.SoftCap * size);
                    if (!(error <= allowed))
                    {
                        Assert.Fail($"{typeof(T).Name} [{row}, {j}]: {grad.Span[(row * vocab) + j]}, expected {expected[j]}");
                    }
                }
            }
        }
    }
}
