using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;
using PpoOracle = Rlhf.Kernels.Reference.Policy.PpoFromLogits;

namespace Rlhf.Kernels.Conformance.Shapes;

/// <summary>Rows of logits and what the three kernels over them must give, whatever the shape.</summary>
internal sealed class RowBatch<T> : IDisposable
    where T : unmanaged
{
    private readonly int _rows, _vocab;
    private readonly int[] _picks;
    private readonly double[][] _exact;
    private readonly (double Logprob, double Entropy)[] _expected;
    private readonly Pinned<T> _logits, _grad;
    private readonly Pinned<int> _targets;

    public RowBatch(float[][] rows, int vocab)
    {
        (_rows, _vocab) = (rows.Length, vocab);
        _picks = [.. rows.Select(LogitRows.Target)];
        _logits = Pinned.Of(Stored.Of<T>([.. rows.SelectMany(row => row)]), _rows, vocab);
        _grad = Pinned.Zeros<T>(_rows, vocab);
        _targets = Pinned.Of(_picks);
        _exact = [.. Enumerable.Range(0, _rows).Select(row => Stored.Row<T>(_logits.View, row))];
        _expected = [.. _exact.Select((row, i) => Oracle.Forward(row, _picks[i], default))];
    }

    public void CheckForward(IKernels kernels)
    {
        using Pinned<float> lp = Pinned.Zeros<float>(_rows), entropy = Pinned.Zeros<float>(_rows);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<T> { Logits = _logits, Targets = _targets, Logprobs = lp, Entropy = entropy });
        for (int row = 0; row < _rows; row++)
        {
            var (logprob, h) = _expected[row];
            Near(lp.Span[row], logprob, 1e-6 * (1 + Math.Abs(logprob)), $"log-prob of row {row}");
            Near(entropy.Span[row], h, 2e-6 * (1 + h), $"entropy of row {row}");
        }
    }

    public void CheckBackward(IKernels kernels)
    {
        float[] upstream = Data.Normal(7, _rows), ofEntropy = Data.Normal(8, _rows);
        using Pinned<float> g = Pinned.Of(upstream), gh = Pinned.Of(ofEntropy);
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T>
        {
            Logits = _logits, Targets = _targets, GradLogprobs = g, GradEntropy = gh, GradLogits = _grad,
        });
        for (int row = 0; row < _rows; row++)
        {
            double size = Math.Abs(upstream[row]) + (Math.Abs(ofEntropy[row]) * (1 + Math.Log(_vocab)));
            CheckGradient(row, Oracle.Backward(_exact[row], _picks[row], default, upstream[row], ofEntropy[row]), 1e-6 * (1 + size));
        }
    }

    /// <summary>Log-ratios inside the clip range and well outside of it, of either sign; every fifth row masked.</summary>
    public void CheckPpo(IKernels kernels)
    {
        const float EntropyCoef = 0.01f;
        float[] distances = [-0.5f, 0.1f, 0.5f, -0.1f], advantages = Data.Normal(3, _rows);
        float[] olds = [.. _expected.Select((row, i) => (float)row.Logprob - distances[i % 4])];
        byte[] counted = [.. Enumerable.Range(0, _rows).Select(row => row % 5 == 4 ? (byte)0 : (byte)1)];
        using Pinned<float> old = Pinned.Of(olds), a = Pinned.Of(advantages), lp = Pinned.Zeros<float>(_rows), entropy = Pinned.Zeros<float>(_rows);
        using var mask = Pinned.Of(counted);
        using var stats = Pinned.Zeros<float>(PpoClipStats.Length);
        float normalizer = Math.Max(1, _rows);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<T>
        {
            Logits = _logits, Targets = _targets, OldLogprobs = old, Advantages = a, Mask = mask, EntropyCoef = EntropyCoef, Normalizer = normalizer,
            Logprobs = lp, Entropy = entropy, GradLogits = _grad, Stats = stats,
        });
        var (expected, gradLogprobs, gradEntropy) = _rows == 0
            ? (default, [], [])
            : PpoOracle.Compute(
                row => _exact[row], _picks, Data.Doubles(olds), Data.Doubles(advantages), Data.Booleans(counted), null, default, default, EntropyCoef, normalizer);
        PpoClipStats actual = PpoClipStats.Read(stats);

        // A log-prob is right to 1e-6 of its size, and the ratio is its exponential.
        double largest = _expected.Select(row => 1 + Math.Abs(row.Logprob)).DefaultIfEmpty(1).Max();
        Assert.That((actual.Count, actual.Clipped), Is.EqualTo((expected.Count, expected.Clipped)));
        Near(actual.Loss, expected.Loss, 5e-6 * largest, "loss");
        Near(actual.Entropy, expected.Entropy, 4e-6 * (1 + expected.Entropy), "sum of entropies");
        for (int row = 0; row < _rows; row++)
        {
            bool counts = counted[row] != 0;
            double slope = Math.Abs(gradLogprobs[row] * normalizer), error = 1e-6 * (1 + Math.Abs(_expected[row].Logprob));
            Near(lp.Span[row], counts ? _expected[row].Logprob : 0, error, $"log-prob of row {row}");
            CheckGradient(
                row,
                counts ? Oracle.Backward(_exact[row], _picks[row], default, gradLogprobs[row], gradEntropy[row]) : new double[_vocab],
                (2e-6 + (4 * error * slope)) / normalizer);
        }
    }

    /// <summary>The middle one of three rows has no finite logit: its results are NaN, the others' are what they are alone.</summary>
    public static void CheckHopelessRow(IKernels kernels, int vocab)
    {
        float[] hopeless = [.. Enumerable.Repeat(float.NegativeInfinity, vocab)];
        using Pinned<T> x = Pinned.Of(Stored.Of<T>([.. LogitRows.Make("normal", 1, vocab), .. hopeless, .. LogitRows.Make("normal", 2, vocab)]), 3, vocab);
        using Pinned<T> backward = Pinned.Zeros<T>(3, vocab), ppo = Pinned.Zeros<T>(3, vocab);
        using var targets = Pinned.Of<int>([0, 0, vocab - 1]);
        using Pinned<float> g = Pinned.Of([1f, 1f, 1f]), old = Pinned.Zeros<float>(3), lp = Pinned.Zeros<float>(3), ppoLp = Pinned.Zeros<float>(3), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<T> { Logits = x, Targets = targets, Logprobs = lp });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = backward });
        kernels.PpoFromLogits(new PpoFromLogitsArgs<T>
        {
            Logits = x, Targets = targets, OldLogprobs = old, Advantages = g, Normalizer = 1, Logprobs = ppoLp, GradLogits = ppo, Stats = stats,
        });
        Assert.Multiple(() =>
        {
            Assert.That(lp.ToArray().Select(float.IsNaN), Is.EqualTo(new[] { false, true, false }), "log-probs");
            Assert.That(ppoLp.ToArray().Select(float.IsNaN), Is.EqualTo(new[] { false, true, false }), "log-probs of the fused kernel");
            foreach (Pinned<T> grad in new[] { backward, ppo })
            {
                double[][] rows = [.. Enumerable.Range(0, 3).Select(row => Stored.Row<T>(grad.View, row))];
                Assert.That(rows[1], Is.All.NaN);
                Assert.That(rows[0].Concat(rows[2]).All(double.IsFinite));
            }
        });
    }

    public void Dispose()
    {
        _logits.Dispose();
        _grad.Dispose();
        _targets.Dispose();
    }

    private static void Near(double actual, double expected, double allowed, string what)
    {
        if (!(Math.Abs(actual - expected) <= allowed))
        {
            Assert.Fail($"{typeof(T).Name}: {what} is {actual:R}, expected {expected:R} within {allowed:G3}");
        }
    }

    private void CheckGradient(int row, double[] expected, double allowed)
    {
        for (int col = 0; col < expected.Length; col++)
        {
            Near(Stored.Widen(_grad.Span[(row * _vocab) + col]), expected[col], allowed + (Stored.Ulp<T>() * Math.Abs(expected[col])), $"gradient [{row}, {col}]");
        }
    }
}
