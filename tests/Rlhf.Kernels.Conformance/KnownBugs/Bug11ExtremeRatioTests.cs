using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>TRL #3015, OpenRLHF PRs #1160 and #1335, slime #2198: a ratio (or k3) that overflows; forward clipped, backward 0 · ∞.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug11ExtremeRatioTests(IKernels kernels)
{
    [Test]
    public void Bug11_AnExtremeRatio_LeavesLossAndGradientsFinite([Values(20f, 50f, 88f, 100f, 1e4f)] float distance) => Check(kernels, distance);

    [Test]
    public void Bug11_AnExtremeK3_LeavesValueAndGradientFinite([Values(20f, 50f, 88f, 100f, 1e4f)] float distance) => CheckK3(kernels, distance);

    internal static void Check(IKernels kernels, float distance)
    {
        const int N = 5, V = 60;
        using var x = Pinned.Of(Data.Normal(1, N * V), N, V);
        using var targets = Pinned.Of(Data.Integers(2, N, V));
        using Pinned<float> old = Pinned.Of([-distance, distance, -distance, distance, -distance]), a = Pinned.Of([0f, 0f, 1f, -1f, -1f]);
        using Pinned<float> lp = Pinned.Zeros<float>(N), grad = Pinned.Zeros<float>(N, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = x, Targets = targets, OldLogprobs = old, Advantages = a, Normalizer = 1, Logprobs = lp, GradLogits = grad, Stats = stats,
        });
        Assert.Multiple(() =>
        {
            // No advantage, or clipped; the last row is neither, and 0 only where the log-ratio is beyond its limit.
            Assert.That(grad.Span[..(4 * V)].ToArray(), Is.All.Zero);
            Assert.That(grad.Span[(4 * V)..].ToArray(), distance < 50 ? Has.None.Zero : Is.All.Zero);
            Assert.That(grad.ToArray().All(float.IsFinite));
            Assert.That(stats.ToArray().All(float.IsFinite));
        });
    }

    internal static void CheckK3(IKernels kernels, float distance)
    {
        using Pinned<float> lp = Pinned.Of([-distance, 0f]), reference = Pinned.Of([0f, -distance]), kl = Pinned.Zeros<float>(2), grad = Pinned.Zeros<float>(2);
        kernels.KlEstimate(new KlEstimateArgs
        {
            Logprobs = lp, RefLogprobs = reference, Estimator = KlEstimator.K3, Clamp = 10f, Kl = kl, GradLogprobs = grad,
        });
        Assert.That(kl.ToArray(), Is.All.EqualTo(10f));
        Assert.That(grad.ToArray(), Is.All.Zero, "beyond the clamp");
    }

    /// <summary>The forward pass is right; backward, the exponential has no limit and what is clipped is multiplied by 0.</summary>
    internal sealed class Twin : DelegatingKernels
    {
        public override void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        {
            Correct.PpoFromLogits(args);
            using Pinned<float> upstream = Pinned.Zeros<float>(args.Logits.Rows);
            for (int row = 0; row < args.Logits.Rows; row++)
            {
                float advantage = args.Advantages[row], ratio = MathF.Exp(args.Logprobs[row] - args.OldLogprobs[row]);
                bool clipped = advantage > 0 ? ratio > 1 + args.Options.ClipHigh : ratio < 1 - args.Options.ClipLow;
                upstream.Span[row] = -advantage * ratio * (clipped ? 0f : 1f) / args.Normalizer;
            }

            Correct.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T>
            {
                Logits = args.Logits, Targets = args.Targets, GradLogprobs = upstream, GradLogits = args.GradLogits,
            });
        }

        public override void KlEstimate(in KlEstimateArgs args)
        {
            Correct.KlEstimate(args);
            for (int row = 0; row < args.Kl.Rows; row++)
            {
                // d k3 / d logprob = 1 − e^(ref − logprob).
                args.GradLogprobs[row] = (1 - MathF.Exp(args.RefLogprobs[row] - args.Logprobs[row])) * (args.Kl[row] < args.Clamp ? 1f : 0f);
            }
        }
    }
}
