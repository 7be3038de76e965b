using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>verl PR #7439: a running maximum that starts at 0, so that rows of negative logits have no largest one.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class Bug02RunningMaximumTests(IKernels kernels)
{
    [Test]
    public void Bug02_ACommonOffset_ChangesNoBit([Values(1e2f, -1e2f, 1e4f, -1e4f)] float offset, [Values(33, 4099)] int vocab) =>
        Check(kernels, offset, vocab);

    internal static void Check(IKernels kernels, float offset, int vocab)
    {
        // Multiples of 1/64 take these offsets exactly.
        float[] row = [.. Data.Normal(1, vocab, 3).Select(value => MathF.Round(value * 64) / 64)];
        using var x = Pinned.Of([.. row, .. row.Select(value => value + offset)], 2, vocab);
        using var targets = Pinned.Of<int>([5, 5]);
        using Pinned<float> lp = Pinned.Zeros<float>(2), entropy = Pinned.Zeros<float>(2), g = Pinned.Of([1f, 1f]), grad = Pinned.Zeros<float>(2, vocab);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp, Entropy = entropy });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
        Assert.Multiple(() =>
        {
            Assert.That(lp.Span[1], Is.EqualTo(lp.Span[0]));
            Assert.That(entropy.Span[1], Is.EqualTo(entropy.Span[0]));
            Assert.That(grad.Span.Slice(vocab, vocab).ToArray(), Is.EqualTo(grad.Span[..vocab].ToArray()));
            Assert.That(float.IsFinite(lp.Span[1]) && lp.Span[1] < 0);
        });
    }

    /// <summary>The sum of exponentials over a maximum of at least 0, in f32.</summary>
    internal sealed class Twin : DelegatingKernels
    {
        public override void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        {
            for (int row = 0; row < args.Logits.Rows; row++)
            {
                float[] z = [.. Stored.Row(args.Logits, row).Select(value => (float)value)];
                float max = z.Aggregate(0f, MathF.Max);
                float sum = z.Sum(value => MathF.Exp(value - max)), moment = z.Sum(value => (value - max) * MathF.Exp(value - max));
                args.Logprobs[row] = z[args.Targets[row]] - max - MathF.Log(sum);
                args.Entropy[row] = MathF.Log(sum) - (moment / sum);
            }
        }
    }
}
