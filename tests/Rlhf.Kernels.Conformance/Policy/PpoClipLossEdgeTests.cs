using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Policy.PpoClipLoss;

namespace Rlhf.Kernels.Conformance.Policy;

/// <summary>Where other people's policy losses broke: ties, clip edges, large differences, masks, strides.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class PpoClipLossEdgeTests(IKernels kernels)
{
    [TestCase(2f, TestName = "Ratio 1, positive advantage")]
    [TestCase(-2f, TestName = "Ratio 1, negative advantage")]
    public void RatioOne_CarriesTheFullGradient(float advantage)
    {
        var (stats, grad) = Run([-1.25f], [-1.25f], [advantage]);
        Assert.That((grad[0], stats.Loss, stats.RatioMax, stats.Clipped), Is.EqualTo((-advantage, (double)-advantage, 1.0, 0.0)));
    }

    [TestCase(0.3f, 2f, -2.4, true, TestName = "Above the range with a gain: clipped")]
    [TestCase(0.3f, -2f, 2.6997176, false, TestName = "Above the range with a loss: not clipped")]
    [TestCase(-0.3f, 2f, -1.4816364, false, TestName = "Below the range with a gain: not clipped")]
    [TestCase(-0.3f, -2f, 1.6, true, TestName = "Below the range with a loss: clipped")]
    [TestCase(0.1f, 2f, -2.2103418, false, TestName = "Inside the range: not clipped")]
    public void Token_MatchesHandNumbers(float change, float advantage, double loss, bool clipped)
    {
        var (stats, grad) = Run([change - 1], [-1f], [advantage]);
        Assert.That(stats.Loss, Is.EqualTo(loss).Within(1e-6));
        Assert.That(grad[0], Is.EqualTo(clipped ? 0 : loss).Within(1e-6));
        Assert.That((stats.Clipped, stats.Count), Is.EqualTo((clipped ? 1.0 : 0.0, 1.0)));
    }

    [Test]
    public void ClipEdge_IsContinuous([Values(-0.2, 0.2)] double edge, [Values(-1f, 1f)] float advantage)
    {
        // One rounding on either side of the edge: the loss hardly moves, whichever branch wins.
        float at = (float)Math.Log(1 + edge);
        double[] losses = [.. new[] { MathF.BitDecrement(at), at, MathF.BitIncrement(at) }.Select(d => Run([d], [0f], [advantage]).Stats.Loss)];
        Assert.That(losses, Is.All.EqualTo(-advantage * (1 + edge)).Within(3e-7));
    }

    [Test]
    public void NoAdvantage_IsNoLossAndNoGradient_AtAnyDifference([Values(0f, 20f, 50f, 88f, 100f, 1e4f)] float distance, [Values(-1, 1)] int sign)
    {
        var (stats, grad) = Run([sign * distance], [0f], [0f]);
        Assert.That((stats.Loss, grad[0]), Is.EqualTo((0.0, 0f)));
        Assert.That(double.IsFinite(stats.RatioSum));
    }

    [Test]
    public void LargeDifference_IsBoundedWithoutGradient([Values(21f, 88f, 100f, 1e4f)] float distance)
    {
        var (stats, grad) = Run([distance, -distance], [0f, 0f], [-1f, 1f]);
        Assert.That(grad, Is.All.EqualTo(0f));
        Assert.That(stats.Loss, Is.EqualTo(Math.Exp(20) - Math.Exp(-20)).Within(1e-5).Percent);
    }

    [Test]
    public void DualClip_BoundsTheLoss_OfNegativeAdvantagesOnly()
    {
        var options = new PpoClipOptions { DualClip = 3f };
        var (stats, grad) = Run([2f, 2f], [0f, 0f], [-1f, 1f], options: options);
        Assert.That(stats.Loss, Is.EqualTo(3 - 1.2).Within(1e-6));
        Assert.That((stats.DualClipped, stats.Clipped), Is.EqualTo((1.0, 1.0)));
        Assert.That(grad, Is.All.EqualTo(0f));
    }

    [Test]
    public void NothingCounted_IsZero([Values(0, 1, 17)] int n)
    {
        float[] nan = new float[n];
        Array.Fill(nan, float.NaN);
        var (stats, grad) = Run(nan, nan, nan, new byte[n]);
        Assert.That(stats, Is.EqualTo(default(PpoClipStats)));
        Assert.That(grad, Is.All.EqualTo(0f));
    }

    [Test]
    public void OneCountedToken_IsAllThereIs([Values(0, 7, 16, 40)] int position)
    {
        float[] logprobs = new float[41];
        Array.Fill(logprobs, float.NaN);
        logprobs[position] = 0.1f;
        float[] zeros = new float[41], advantages = [.. logprobs.Select(_ => 2f)];
        byte[] mask = new byte[41];
        mask[position] = 1;
        var (stats, grad) = Run(logprobs, zeros, advantages, mask);
        Assert.That(stats.Loss, Is.EqualTo(-2 * Math.Exp(0.1f)).Within(1e-6));
        Assert.That(stats.Count, Is.EqualTo(1));
        Assert.That(grad.Count(g => g != 0), Is.EqualTo(1));
    }

    [Test]
    public void NaN_ShowsInTheLoss() => Assert.That(Run([float.NaN, 0f], [0f, 0f], [1f, 1f]).Stats.Loss, Is.NaN);

    [Test]
    public unsafe void Views_MayBePitchedAndBroadcast([Values(1, 15, 33, 70)] int cols)
    {
        const int Rows = 5;
        float[] logprobs = Data.Normal(1, Rows * cols, 0.3), old = Data.Normal(2, cols, 0.3), advantages = Data.Normal(3, Rows * cols);
        using var lp = Pinned.Pitched(logprobs, Rows, cols, cols + 3, float.NaN);
        using var shared = Pinned.Of(old);
        using var adv = Pinned.Pitched(advantages, Rows, cols, cols + 1, float.NaN);
        using var weight = Pinned.Of([0.5f]);
        using var grad = Pinned.Pitched(new float[Rows * cols], Rows, cols, cols + 2, 7f);
        using var stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = lp,
            OldLogprobs = new ReadOnlyView<float>(shared.View.Pointer, Rows, cols, rowStride: 0),
            Advantages = adv,
            RowWeights = ReadOnlyView<float>.Vector(weight.View.Pointer, Rows, stride: 0),
            Normalizer = 10,
            GradLogprobs = grad,
            Stats = stats,
        });
        double[] repeated = [.. Enumerable.Range(0, Rows).SelectMany(_ => Data.Doubles(old))];
        var (expected, expectedGrad) = Oracle.Compute(
            Data.Doubles(logprobs), repeated, Data.Doubles(advantages), null, [0.5, 0.5, 0.5, 0.5, 0.5], Rows, default, 10);
        Expect.Close("PpoClipLoss", "gradient", grad.Dense(), expectedGrad);
        Expect.Close("PpoClipLoss", "loss", PpoClipStats.Read(stats).Loss, expected.Loss, scale: cols * Rows / 20.0);
        Expect.PadsUntouched(grad, 7f);
    }

    [Test]
    public void MicroBatches_AddUpToTheBatch()
    {
        float[] logprobs = Data.Normal(1, 60, 0.3), old = Data.Normal(2, 60, 0.3), advantages = Data.Normal(3, 60);
        var (whole, wholeGrad) = Run(logprobs, old, advantages, normalizer: 60);
        var (first, firstGrad) = Run(logprobs[..17], old[..17], advantages[..17], normalizer: 60);
        var (second, secondGrad) = Run(logprobs[17..], old[17..], advantages[17..], normalizer: 60);
        Assert.That((first + second).Loss, Is.EqualTo(whole.Loss).Within(1e-6));
        Assert.That((first + second).RatioMax, Is.EqualTo(whole.RatioMax));
        Assert.That(firstGrad.Concat(secondGrad), Is.EqualTo(wholeGrad));
    }

    private (PpoClipStats Stats, float[] Grad) Run(
        float[] logprobs, float[] old, float[] advantages, byte[]? mask = null, PpoClipOptions options = default, float normalizer = 1)
    {
        int n = logprobs.Length;
        using var lp = Pinned.Of(logprobs, 1, n);
        using var o = Pinned.Of(old, 1, n);
        using var a = Pinned.Of(advantages, 1, n);
        using var m = Pinned.Of(mask ?? new byte[n], 1, n);
        using var grad = Pinned.Zeros<float>(1, n);
        using var stats = Pinned.Zeros<float>(PpoClipStats.Length);
        kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = lp, OldLogprobs = o, Advantages = a, Mask = mask is null ? default(ReadOnlyView<byte>) : m, Options = options,
            Normalizer = normalizer, GradLogprobs = grad, Stats = stats,
        });
        return (PpoClipStats.Read(stats), grad.Dense());
    }
}
