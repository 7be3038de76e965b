using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Policy.PpoFromLogits;
using RowOracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.Policy;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class PpoFromLogitsTests(IKernels kernels)
{
    [Test]
    public void LossStatisticsAndGradient_MatchReference(
        [Values(1, 5, 130)] int n, [Values(2, 33, 507)] int vocab, [Values] bool masked, [Values(0f, 0.01f)] float entropyCoef, [Values(0f, 1.5f)] float dualClip)
    {
        var options = new PpoClipOptions { ClipHigh = 0.28f, DualClip = dualClip };
        Check<float>(n, vocab, masked, entropyCoef, options, default, Data.Normal(n, n * vocab, 3), value => value, 0);
    }

    [Test]
    public void LossStatisticsAndGradient_MatchReference_WithTransform([Values(0.7f, 1.3f)] float temperature, [Values(0f, 5f)] float cap) =>
        Check<float>(
            40, 301, true, 0.02f, default, new LogitTransform { Temperature = temperature, SoftCap = cap }, Data.Normal(1, 40 * 301, 4), value => value, 0);

    [Test]
    public void LossStatisticsAndGradient_MatchReference_InBFloat16([Values(0f, 0.02f)] float entropyCoef) =>
        Check(40, 301, true, entropyCoef, default, default, Data.BFloat16s(Data.Normal(1, 40 * 301, 4)), value => (float)value, 1.0 / 256);

    [Test]
    public void LossStatisticsAndGradient_MatchReference_OverLongRows([Values(1025, 4099, 66001)] int vocab)
    {
        // From a block's shared memory on a device, from a cluster's (above 56,000 on sm_90), or read twice. Odd: rows of every alignment.
        SmallOnly.SkipEmulated(kernels, vocab);
        Check<float>(5, vocab, true, 0.01f, default, default, Data.Normal(1, 5 * vocab, 4), value => value, 0);
        Check(5, (2 * vocab) + 1, true, 0f, default, default, Data.BFloat16s(Data.Normal(1, 5 * ((2 * vocab) + 1), 4)), value => (float)value, 1.0 / 256);
    }

    [Test]
    public void Logprobs_HaveTheBitsOfTokenLogprobs([Values(77, 4099, 66001)] int vocab)
    {
        SmallOnly.SkipEmulated(kernels, vocab);
        const int N = 3;
        using var x = Pinned.Of(Data.Normal(1, N * vocab, 3), N, vocab);
        using var targets = Pinned.Of(Data.Integers(4, N, vocab));
        using Pinned<float> apart = Pinned.Zeros<float>(N), apartEntropy = Pinned.Zeros<float>(N), lp = Pinned.Zeros<float>(N), entropy = Pinned.Zeros<float>(N);
        using Pinned<float> a = Pinned.Of([1f, -2f, 0.5f]), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = apart, Entropy = apartEntropy });

        // In place, and the log-probs over the old ones.
        apart.Span.CopyTo(lp.Span);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = x, Targets = targets, OldLogprobs = lp, Advantages = a, Normalizer = N, Logprobs = lp, Entropy = entropy, GradLogits = x, Stats = stats,
        });
        Assert.Multiple(() =>
        {
            Assert.That(lp.Bytes(), Is.EqualTo(apart.Bytes()));
            Assert.That(entropy.Bytes(), Is.EqualTo(apartEntropy.Bytes()));
            Assert.That(PpoClipStats.Read(stats).RatioMax, Is.EqualTo(1), "a policy that has not moved");
        });
    }

    [Test]
    public void Gradient_IsTheThreeKernelsOneAfterTheOther()
    {
        const int N = 50, V = 301;
        float[] old = Data.Normal(2, N, mean: -6), advantages = Data.Normal(3, N);
        using var x = Pinned.Of(Data.Normal(1, N * V, 2), N, V);
        using var targets = Pinned.Of(Data.Integers(4, N, V));
        using Pinned<float> oldLogprobs = Pinned.Of(old), a = Pinned.Of(advantages), lp = Pinned.Zeros<float>(N), lp2 = Pinned.Zeros<float>(N), g = Pinned.Zeros<float>(N);
        using Pinned<float> fused = Pinned.Zeros<float>(N, V), apart = Pinned.Zeros<float>(N, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = x, Targets = targets, OldLogprobs = oldLogprobs, Advantages = a, Normalizer = 16, Logprobs = lp, GradLogits = fused, Stats = stats,
        });
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp2 });
        kernels.PpoClipLoss(new PpoClipLossArgs { Logprobs = lp2, OldLogprobs = oldLogprobs, Advantages = a, Normalizer = 16, GradLogprobs = g, Stats = stats });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = apart });
        Assert.Multiple(() =>
        {
            Assert.That(lp.Bytes(), Is.EqualTo(lp2.Bytes()));
            Assert.That(Data.Doubles(fused.Span), Is.EqualTo(Data.Doubles(apart.Span)).Within(1e-7));
        });
    }

    [Test]
    public void RowsPerBlock_DoesNotChangeARow([Values(1, 64, 65, 200)] int n)
    {
        const int V = 77;
        using var x = Pinned.Of(Data.Normal(1, 200 * V, 2), 200, V);
        using var targets = Pinned.Of(Data.Integers(4, 200, V));
        using Pinned<float> old = Pinned.Of(Data.Normal(2, 200, mean: -4)), a = Pinned.Of(Data.Normal(3, 200));
        (float[] all, float[] allGrad) = Run(200);
        (float[] some, float[] someGrad) = Run(n);
        Assert.Multiple(() =>
        {
            Assert.That(some, Is.EqualTo(all[..n]));
            Assert.That(someGrad, Is.EqualTo(allGrad[..(n * V)]));
        });

        (float[] Logprobs, float[] Grad) Run(int rows)
        {
            using Pinned<float> lp = Pinned.Zeros<float>(rows), grad = Pinned.Zeros<float>(rows, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
            kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
            {
                Logits = x.View.SliceRows(0, rows), Targets = targets.View.SliceRows(0, rows), OldLogprobs = old.View.SliceRows(0, rows),
                Advantages = a.View.SliceRows(0, rows), Normalizer = 16, Logprobs = lp, GradLogits = grad, Stats = stats,
            });
            return (lp.ToArray(), grad.ToArray());
        }
    }

    private void Check<T>(
        int n, int vocab, bool masked, float entropyCoef, PpoClipOptions options, LogitTransform transform, T[] logits, Func<T, double> widen, double storageUlp)
        where T : unmanaged
    {
        double[] Row(int row) => [.. logits.Skip(row * vocab).Take(vocab).Select(widen)];
        int[] picks = Data.Integers(4, n, vocab);
        byte[] mask = Data.Mask(5, n);
        float[] advantages = Data.Normal(3, n), weights = Data.Normal(6, n, 0.1, 1);
        float[] old = [.. Enumerable.Range(0, n).Select(row => (float)RowOracle.Forward(Row(row), picks[row], transform).Logprob)];
        old = [.. old.Zip(Data.Normal(7, n, 0.3), (a, b) => a + b)];
        float normalizer = n;

        using var x = Pinned.Of(logits, n, vocab);
        using var targets = Pinned.Of(picks);
        using var m = Pinned.Of(mask);
        using Pinned<float> oldLogprobs = Pinned.Of(old), a = Pinned.Of(advantages), w = Pinned.Of(weights), lp = Pinned.Zeros<float>(n), entropy = Pinned.Zeros<float>(n);
        using var grad = Pinned.Zeros<T>(n, vocab);
        using var stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<T>
        {
            Logits = x, Targets = targets, OldLogprobs = oldLogprobs, Advantages = a, Mask = masked ? m : default(ReadOnlyView<byte>), Weights = w,
            Transform = transform, Options = options, EntropyCoef = entropyCoef, Normalizer = normalizer,
            Logprobs = lp, Entropy = entropy, GradLogits = grad, Stats = stats,
        });

        bool[]? counted = masked ? Data.Booleans(mask) : null;
        var (expected, gradLogprobs, gradEntropy) = Oracle.Compute(
            Row, picks, Data.Doubles(old), Data.Doubles(advantages), counted, Data.Doubles(weights), transform, options, entropyCoef, normalizer);
        PpoClipStats actual = PpoClipStats.Read(stats);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Loss, Is.EqualTo(expected.Loss).Within(5e-6));
            Assert.That(actual.Count, Is.EqualTo(expected.Count));
            Assert.That(actual.Clipped, Is.EqualTo(expected.Clipped));
            Assert.That(actual.DualClipped, Is.EqualTo(expected.DualClipped));
            Assert.That(actual.Entropy, Is.EqualTo(expected.Entropy).Within(1e-3).Percent);
            Assert.That(actual.RatioMax, Is.EqualTo(expected.RatioMax).Within(1e-3).Percent);
        });
        for (int row = 0; row < n; row++)
        {
            double[] expectedGrad = counted is null || counted[row]
                ? RowOracle.Backward(Row(row), picks[row], transform, gradLogprobs[row], gradEntropy[row])
                : new double[vocab];
            for (int j = 0; j < vocab; j++)
            {
                double error = Math.Abs(widen(grad.Span[(row * vocab) + j]) - expectedGrad[j]);
                double size = 1 + Math.Abs(gradLogprobs[row] * n);
                Assert.That(error, Is.LessThanOrEqualTo((8e-6 * size / n) + (storageUlp * Math.Abs(expectedGrad[j]))), $"[{row}, {j}]");
            }
        }
    }
}
