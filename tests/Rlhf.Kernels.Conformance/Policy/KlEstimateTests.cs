using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Policy.KlEstimate;

namespace Rlhf.Kernels.Conformance.Policy;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class KlEstimateTests(IKernels kernels)
{
    [Test]
    public void Estimates_MatchReference(
        [Values] KlEstimator estimator,
        [Values(1, 2, 15, 17, 33, 129, 2048, 5000)] int cols,
        [Values(1e-4, 1e-2, 0.5, 3)] double size,
        [Values] bool masked)
    {
        float[] reference = Data.Normal(1, 2 * cols, mean: -2);
        float[] logprobs = [.. reference.Zip(Data.Normal(2, 2 * cols, size), (r, d) => r + d)];
        byte[] mask = Data.Mask(3, 2 * cols);
        var (kl, grad) = Run(logprobs, reference, masked ? mask : null, estimator, float.PositiveInfinity, cols);
        var expected = Oracle.Compute(
            Data.Doubles(logprobs), Data.Doubles(reference), masked ? Data.Booleans(mask) : null, estimator, double.PositiveInfinity);

        // The difference of two f32 log-probs is exact near each other and rounds once otherwise.
        Expect.Close("KlEstimate", "kl", kl, expected.Kl);
        Expect.Close("KlEstimate", "gradient", grad, expected.GradLogprobs);
    }

    [Test]
    public void K3_KeepsItsDigits_NearZero([Values(0.1f, 1e-2f, 1e-3f, 1e-4f, -1e-3f)] float d)
    {
        var (kl, grad) = Run([d], [0f], null, KlEstimator.K3, float.PositiveInfinity, 1);
        double x = -(double)d;
        double series = x * x * (0.5 + (x / 6) + (x * x / 24) + (x * x * x / 120) + (x * x * x * x / 720) + (x * x * x * x * x / 5040));
        Assert.That(kl[0], Is.EqualTo(series).Within(3e-7 * series));
        Assert.That(grad[0], Is.EqualTo(-(x + series)).Within(3e-7 * Math.Abs(x)));
    }

    [Test]
    public void EqualLogprobs_GiveNoKlAndNoGradient_ButK1s([Values] KlEstimator estimator)
    {
        var (kl, grad) = Run([-1.5f], [-1.5f], null, estimator, float.PositiveInfinity, 1);
        Assert.That(kl[0], Is.Zero);
        Assert.That(grad[0], Is.EqualTo(estimator == KlEstimator.K1 ? 1f : 0f));
    }

    [TestCase(0.5f, KlEstimator.K1, 0.5f, 1f)]
    [TestCase(-0.5f, KlEstimator.K1, -0.5f, 1f)]
    [TestCase(-0.5f, KlEstimator.K2, 0.125f, -0.5f)]
    [TestCase(-0.5f, KlEstimator.Abs, 0.5f, -1f)]
    [TestCase(1f, KlEstimator.K3, 0.36787945f, 0.63212055f)]
    [TestCase(-1f, KlEstimator.K3, 0.7182818f, -1.7182819f)]
    public void Token_MatchesHandNumbers(float d, KlEstimator estimator, float expected, float slope)
    {
        var (kl, grad) = Run([d], [0f], null, estimator, float.PositiveInfinity, 1);
        Assert.That(kl[0], Is.EqualTo(expected).Within(2).Ulps);
        Assert.That(grad[0], Is.EqualTo(slope).Within(2).Ulps);
    }

    [Test]
    public void Clamp_BoundsTheEstimate_AndEndsTheGradient()
    {
        var (kl, grad) = Run([-20f, 1e4f, -1e4f, 0.5f], [0f, 0f, 0f, 0f], null, KlEstimator.K3, 10f, 4);
        Assert.That(kl.AsSpan(0, 3).ToArray(), Is.All.EqualTo(10f));
        Assert.That(grad.AsSpan(0, 3).ToArray(), Is.All.EqualTo(0f));
        Assert.That(kl[3], Is.InRange(0.1065f, 0.1066f));
        (kl, _) = Run([-20f, 20f], [0f, 0f], null, KlEstimator.K1, 10f, 2);
        Assert.That(kl, Is.EqualTo(new[] { -10f, 10f }));
    }

    [Test]
    public void MaskedNaN_ChangesNothing([Values] KlEstimator estimator)
    {
        var (kl, grad) = Run([float.NaN, 1f, float.NaN], [0f, 0.5f, 0f], [0, 1, 0], estimator, float.PositiveInfinity, 3);
        Assert.That(new[] { kl[0], kl[2], grad[0], grad[2] }, Is.All.EqualTo(0f));
        Assert.That(kl[1], Is.Positive);
    }

    private (float[] Kl, float[] Grad) Run(float[] logprobs, float[] reference, byte[]? mask, KlEstimator estimator, float clamp, int cols)
    {
        int rows = logprobs.Length / cols;
        using var lp = Pinned.Of(logprobs, rows, cols);
        using var refLp = Pinned.Pitched(reference, rows, cols, cols + 3, float.NaN);
        using var m = Pinned.Of(mask ?? [], mask is null ? 0 : rows, cols);
        using var kl = Pinned.Pitched(new float[rows * cols], rows, cols, cols + 1, 7f);
        using var grad = Pinned.Zeros<float>(rows, cols);
        kernels.KlEstimate(new KlEstimateArgs
        {
            Logprobs = lp, RefLogprobs = refLp, Mask = mask is null ? default(ReadOnlyView<byte>) : m,
            Estimator = estimator, Clamp = clamp, Kl = kl, GradLogprobs = grad,
        });
        Expect.PadsUntouched(kl, 7f);
        return (kl.Dense(), grad.Dense());
    }
}
