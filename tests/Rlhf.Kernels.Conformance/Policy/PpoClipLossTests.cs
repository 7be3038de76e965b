using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Policy.PpoClipLoss;

namespace Rlhf.Kernels.Conformance.Policy;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class PpoClipLossTests(IKernels kernels)
{
    [Test]
    public void LossAndGradient_MatchReference(
        [Values(1, 3)] int rows,
        [Values(1, 2, 15, 16, 17, 33, 53, 2048, 5000)] int cols,
        [Values] bool masked,
        [Values(0f, 1.5f)] float dualClip)
    {
        int n = rows * cols;
        float[] oldLogprobs = Data.Normal(1, n, mean: -2), advantages = Data.Normal(2, n);
        float[] logprobs = [.. oldLogprobs.Zip(Data.Normal(3, n, scale: 0.4), (old, change) => old + change)];
        byte[] mask = Data.Mask(4, n);
        var options = new PpoClipOptions { ClipLow = 0.2f, ClipHigh = 0.28f, DualClip = dualClip };

        using var lp = Pinned.Of(logprobs, rows, cols);
        using var old = Pinned.Of(oldLogprobs, rows, cols);
        using var adv = Pinned.Of(advantages, rows, cols);
        using var m = Pinned.Of(mask, rows, cols);
        using var grad = Pinned.Zeros<float>(rows, cols);
        using var stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = lp,
            OldLogprobs = old,
            Advantages = adv,
            Mask = masked ? m : default(ReadOnlyView<byte>),
            Options = options,
            Normalizer = n,
            GradLogprobs = grad,
            Stats = stats,
        });

        var (expected, expectedGrad) = Oracle.Compute(
            Data.Doubles(logprobs), Data.Doubles(oldLogprobs), Data.Doubles(advantages),
            masked ? Data.Booleans(mask) : null, null, rows, options, n);
        PpoClipStats actual = PpoClipStats.Read(stats);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Loss, Is.EqualTo(expected.Loss).Within(2e-6));
            Assert.That(actual.Count, Is.EqualTo(expected.Count));
            Assert.That(actual.Clipped, Is.EqualTo(expected.Clipped));
            Assert.That(actual.DualClipped, Is.EqualTo(expected.DualClipped));
            Assert.That(actual.ApproxKl, Is.EqualTo(expected.ApproxKl).Within(5e-4).Percent);
            Assert.That(actual.RatioMean, Is.EqualTo(expected.RatioMean).Within(5e-4).Percent);
            Assert.That(actual.RatioMax, Is.EqualTo(expected.RatioMax).Within(5e-4).Percent);
            Assert.That(Data.Doubles(grad.Span), Is.EqualTo(expectedGrad).Within(4e-6 / n * 4));
        });
    }
}
