using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Liger PR #1294, vllm PR #52381, fla #172: the number of tokens on an axis of the grid that ends at 65,535.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug08ManyRowsTests(IKernels kernels)
{
    [Test]
    public void Bug08_TokenCounts_MayExceedSixteenBits([Values(65535, 65536, 70000)] int n)
    {
        SmallOnly.SkipEmulated(kernels, n);
        if (kernels is not CpuKernels && n != 65536)
        {
            Assert.Ignore("an emulated grid takes a thousand times longer: 65,536 rows here, 70,000 in LogitShapeTests");
        }

        Check(kernels, n);
    }

    internal static void Check(IKernels kernels, int n)
    {
        const int V = 3;
        float[] logits = Data.Normal(1, n * V);
        int[] picks = Data.Integers(2, n, V);
        using var x = Pinned.Of(logits, n, V);
        using var targets = Pinned.Of(picks);
        using Pinned<float> lp = Pinned.Zeros<float>(n), ppoLp = Pinned.Zeros<float>(n), g = Pinned.Of(Enumerable.Repeat(1f, n).ToArray());
        using Pinned<float> grad = Pinned.Zeros<float>(n, V), ppo = Pinned.Zeros<float>(n, V), stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
        kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = x, Targets = targets, OldLogprobs = lp, Advantages = g, Normalizer = 1, Logprobs = ppoLp, GradLogits = ppo, Stats = stats,
        });
        double worst = 0;
        for (int i = 0; i < n * V; i++)
        {
            // At ratio 1 and advantage 1.
            worst = Math.Max(worst, Math.Abs(ppo.Span[i] + grad.Span[i]));
        }

        Assert.Multiple(() =>
        {
            Assert.That(lp.Span.ContainsAnyExceptInRange(float.MinValue, -float.Epsilon), Is.False, "a log-prob that was not written");
            Assert.That(ppoLp.Bytes(), Is.EqualTo(lp.Bytes()));
            Assert.That(lp.Span[n - 1], Is.EqualTo(Oracle.Forward(Data.Doubles(logits.AsSpan((n - 1) * V, V)), picks[n - 1], default).Logprob).Within(2e-6));
            Assert.That(grad.Span.Contains(0f), Is.False, "a gradient that was not written");
            Assert.That(PpoClipStats.Read(stats).Count, Is.EqualTo(n));
            Assert.That(worst, Is.LessThan(1e-6), "of the fused gradient");
        });
    }

    /// <summary>One of the three kernels leaves out the rows beyond the axis.</summary>
    internal sealed class Twin(string kernel) : DelegatingKernels
    {
        public override void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args) =>
            Correct.TokenLogprobsForward(args.Rows(0, Launched(args.Logits.Rows, "forward")));

        public override void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args) =>
            Correct.TokenLogprobsBackward(args.Rows(0, Launched(args.Logits.Rows, "backward")));

        public override void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args) =>
            Correct.PpoFromLogits(args.Rows(0, Launched(args.Logits.Rows, "ppo")));

        private int Launched(int rows, string name) => name == kernel ? Math.Min(rows, 65535) : rows;
    }
}
