using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>TRL #7221, SkyRL PR #2259: 0 · (−∞) in the entropy, and in its gradient.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug10MaskedLogitsTests(IKernels kernels)
{
    [Test]
    public void Bug10_MaskedLogits_GiveFiniteEntropyAndGradients([Values("masked_third", "one_finite", "half_range")] string kind) => Check(kernels, kind);

    internal static void Check(IKernels kernels, string kind)
    {
        const int V = 100;
        float[] row = kind == "half_range" ? [.. Enumerable.Range(0, V).Select(j => j % 2 == 0 ? 65504f : -65504f)] : LogitRows.Make(kind, 1, V);
        int target = LogitRows.Target(row);
        using var x = Pinned.Of(row, 1, V);
        using var targets = Pinned.Of<int>([target]);
        using Pinned<float> lp = Pinned.Zeros<float>(1), entropy = Pinned.Zeros<float>(1), g = Pinned.Of([1.5f]), grad = Pinned.Zeros<float>(1, V);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp, Entropy = entropy });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradEntropy = g, GradLogits = grad });
        double[] expected = Oracle.Backward(Data.Doubles(row), target, default, 1.5, 1.5);
        Assert.Multiple(() =>
        {
            Assert.That(entropy.Span[0], Is.EqualTo(Oracle.Forward(Data.Doubles(row), target, default).Entropy).Within(2e-6 * 5));
            Assert.That(Data.Doubles(grad.Span), Is.EqualTo(expected).Within(1e-5));
        });
    }

    /// <summary>Multiplies by a probability of 0 where it should select, in the entropy or in its gradient.</summary>
    internal sealed class Twin(bool backward) : DelegatingKernels
    {
        public override void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        {
            Correct.TokenLogprobsForward(args);
            for (int row = 0; row < args.Logits.Rows && !backward; row++)
            {
                args.Entropy[row] = (float)-Oracle.LogSoftmax(Stored.Row(args.Logits, row)).Sum(value => Math.Exp(value) * value);
            }
        }

        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        {
            Correct.TokenLogprobsBackward(args);
            for (int row = 0; row < args.Logits.Rows && backward; row++)
            {
                double[] z = Stored.Row(args.Logits, row), logp = Oracle.LogSoftmax(z);
                double entropy = Oracle.Forward(z, args.Targets[row], default).Entropy;
                for (int col = 0; col < logp.Length; col++)
                {
                    double p = Math.Exp(logp[col]), selected = col == args.Targets[row] ? 1 : 0;
                    double dz = (args.GradLogprobs[row] * (selected - p)) - (args.GradEntropy[row] * p * (logp[col] + entropy));
                    args.GradLogits[row, col] = Stored.Narrow<T>((float)dz);
                }
            }
        }
    }
}
