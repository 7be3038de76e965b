using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Liger PR #1268, fixed by #1329: 1 − p formed from a p that had been rounded to bf16, 20 to 100 % off where p nears 1.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug05SelectedEntryTests(IKernels kernels)
{
    [Test]
    public void Bug05_TheSelectedEntry_KeepsItsRelativePrecision([Values(0.9, 0.99, 0.999, 1 - 1e-6)] double probability, [Values(2, 100, 5000)] int vocab) =>
        Check(kernels, probability, vocab);

    internal static void Check(IKernels kernels, double probability, int vocab)
    {
        // The selected token stands in the same register as others.
        int target = vocab / 2;
        float[] row = new float[vocab];
        row[target] = (float)(BFloat16)(float)Math.Log(probability / (1 - probability) * (vocab - 1));
        double one = Oracle.Backward(Data.Doubles(row), target, default, 1, 0)[target], logprob = Math.Log(1 - one);

        // The small terms' exponents, up to 32 in base 2, carry an f32 rounding: 32 · 2^−24 of each term.
        const double Relative = 4e-6;
        var (lp, grad, ppo) = Run<float>();
        var (_, narrow, narrowPpo) = Run<BFloat16>();
        Assert.Multiple(() =>
        {
            Assert.That(lp, Is.EqualTo(logprob).Within(Relative * -logprob));
            Assert.That(grad, Is.EqualTo(one).Within(one * Relative));
            Assert.That(narrow, Is.EqualTo(one).Within(one / 256));

            // The old log-prob is 0, the advantage 1: the ratio is p, inside the clip range.
            Assert.That(ppo, Is.EqualTo(-(1 - one) * one).Within(one * Relative));
            Assert.That(narrowPpo, Is.EqualTo(-(1 - one) * one).Within(one / 256));
        });

        (float Logprob, float Grad, float Ppo) Run<T>()
            where T : unmanaged
        {
            using var targets = Pinned.Of<int>([target]);
            using Pinned<T> x = Pinned.Of(Stored.Of<T>(row), 1, vocab), gradient = Pinned.Zeros<T>(1, vocab), ppoGradient = Pinned.Zeros<T>(1, vocab);
            using Pinned<float> g = Pinned.Of([1f]), old = Pinned.Of([0f]), logprobs = Pinned.Zeros<float>(1), stats = Pinned.Zeros<float>(PpoClipStats.Length);
            kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<T> { Logits = x, Targets = targets, Logprobs = logprobs });
            float forward = logprobs.Span[0];
            kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = gradient });
            kernels.PpoFromLogits(new PpoFromLogitsArgs<T>
            {
                Logits = x, Targets = targets, OldLogprobs = old, Advantages = g, Normalizer = 1, Logprobs = logprobs, GradLogits = ppoGradient, Stats = stats,
            });
            return (forward, Stored.Widen(gradient.Span[target]), Stored.Widen(ppoGradient.Span[target]));
        }
    }

    /// <summary>Stores −g p in the gradient, then reads the selected entry back and adds g.</summary>
    internal sealed class Twin(bool ppo) : DelegatingKernels
    {
        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        {
            Correct.TokenLogprobsBackward(args);
            for (int row = 0; row < args.Logits.Rows && !ppo; row++)
            {
                ReadModifyWrite(args.Logits, args.GradLogits, row, args.Targets[row], args.GradLogprobs[row]);
            }
        }

        public override void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        {
            Correct.PpoFromLogits(args);
            for (int row = 0; row < args.Logits.Rows && ppo; row++)
            {
                float ratio = MathF.Exp(args.Logprobs[row] - args.OldLogprobs[row]);
                ReadModifyWrite(args.Logits, args.GradLogits, row, args.Targets[row], -args.Advantages[row] * ratio / args.Normalizer);
            }
        }

        private static void ReadModifyWrite<T>(ReadOnlyView<T> logits, View<T> grad, int row, int target, float upstream)
            where T : unmanaged
        {
            double p = Math.Exp(Oracle.Forward(Stored.Row(logits, row), target, default).Logprob);
            grad[row, target] = Stored.Narrow<T>((float)(-upstream * p));
            grad[row, target] = Stored.Narrow<T>(Stored.Widen(grad[row, target]) + upstream);
        }
    }
}
