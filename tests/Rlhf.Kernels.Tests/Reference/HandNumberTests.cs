using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Optimizer;
using Rlhf.Kernels.Reference.Policy;
using Rlhf.Kernels.Reference.Preference;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Tests.Reference;

/// <summary>The references against numbers worked out by hand, and against the definitions they are a recurrence for.</summary>
public sealed class HandNumberTests
{
    [Test]
    public void Gae_IsTheSumOfItsDefinition()
    {
        // A_t = Σ_l (γλ)^l δ_(t+l), Schulman et al. 2016, eq. 16.
        double[] rewards = [1, -2, 0.5, 3], values = [0.3, 0.1, -0.4, 2];
        const double Gamma = 0.9, Lambda = 0.8, Last = 0.7;
        var (advantages, returns) = Gae.Compute(rewards, values, GaeMaskMode.None, null, null, null, null, Last, Gamma, Lambda);
        for (int t = 0; t < 4; t++)
        {
            double sum = 0;
            for (int k = t; k < 4; k++)
            {
                double next = k == 3 ? Last : values[k + 1];
                sum += Math.Pow(Gamma * Lambda, k - t) * (rewards[k] + (Gamma * next) - values[k]);
            }

            Assert.That(advantages[t], Is.EqualTo(sum).Within(1e-14));
            Assert.That(returns[t], Is.EqualTo(sum + values[t]).Within(1e-14));
        }
    }

    [Test]
    public void Gae_AtLambdaOne_IsTheDiscountedReturn()
    {
        var (_, returns) = Gae.Compute([1, 1, 1], [5, -3, 2], GaeMaskMode.None, null, null, null, null, 0, 0.5, 1);
        Assert.That(returns, Is.EqualTo(new[] { 1.75, 1.5, 1 }).Within(1e-15));
    }

    [Test]
    public void Gae_StopsAtADone_AndBootstrapsATruncation()
    {
        var (advantages, _) = Gae.Compute(
            [1, 2, 4], [0, 0, 0], GaeMaskMode.None, null, [false, true, false], [false, true, false], [9, 3, 9], 0, 0.5, 1);
        Assert.That(advantages, Is.EqualTo(new[] { 1 + (0.5 * 3.5), 2 + (0.5 * 3), 4 }).Within(1e-15));
        var (ended, _) = Gae.Compute([1, 2, 4], [0, 0, 0], GaeMaskMode.None, null, [false, true, false], null, null, 0, 0.5, 1);
        Assert.That(ended, Is.EqualTo(new double[] { 2, 2, 4 }).Within(1e-15));
    }

    [TestCase(GaeMaskMode.Zero, new[] { 2.0, 2, 4 })]
    [TestCase(GaeMaskMode.Skip, new[] { 3.0, 4, 4 })]
    public void Gae_Gap_DecaysOrIsPassedOver(GaeMaskMode mode, double[] expected)
    {
        var (advantages, _) = Gae.Compute([1, 7, 4], [0, 5, 0], mode, [true, false, true], null, null, null, 0, 0.5, 1);
        Assert.That(advantages, Is.EqualTo(expected).Within(1e-15));
    }

    [Test]
    public void Comparison_MatchesTheLogarithms()
    {
        var (loss, grad, probability) = Comparison.Compute(Math.Log(3), 1, 0);
        Assert.That(new[] { loss, grad, probability }, Is.EqualTo(new[] { Math.Log(4.0 / 3), -0.25, 0.75 }).Within(1e-15));
        (loss, grad, probability) = Comparison.Compute(Math.Log(3), 0, 0.2);
        Assert.That(new[] { loss, grad, probability }, Is.EqualTo(new[] { -Math.Log(0.3), 0.8 * 0.1875 / 0.3, 0.7 }).Within(1e-15));
    }

    [Test]
    public void Comparison_IsFinite_AtAnyDifference([Values(90, -90, 1e4, -1e4)] double d)
    {
        var (loss, grad, _) = Comparison.Compute(d, 1, 0);
        Assert.That(loss, Is.EqualTo(Math.Max(-d, 0)).Within(1e-12));
        Assert.That(grad, Is.EqualTo(d > 0 ? 0 : -1).Within(1e-12));
    }

    [TestCase(KlEstimator.K3, 1e-3, 4.998333749916681e-07)]
    [TestCase(KlEstimator.K3, -1e-6, 5.000001666667084e-13)]
    [TestCase(KlEstimator.K3, 0.5, 0.10653065971263342)]
    [TestCase(KlEstimator.K2, -0.5, 0.125)]
    [TestCase(KlEstimator.K1, -0.5, -0.5)]
    public void Kl_MatchesDigitsOfHigherPrecision(KlEstimator estimator, double d, double expected) =>
        Assert.That(KlEstimate.Token(d, estimator).Kl, Is.EqualTo(expected).Within(1e-13).Percent);

    [Test]
    public void Adam_FirstStep_IsThePapersAlgorithm()
    {
        // m̂ = g, v̂ = g²: θ ← θ − α g / (|g| + ε), and the decay before it.
        double[] p = [1], m = [0], v = [0], ema = [2];
        AdamW.Update(p, [4], m, v, ema, 0.5, 1, 0.1, 0.9, 0.99, 1, AdamEpsilonForm.Paper, 0.5, 0.75);
        Assert.That(p[0], Is.EqualTo(1 - (0.1 * 0.5) - (0.1 * 2 / 3)).Within(1e-15));
        Assert.That((m[0], v[0]), Is.EqualTo((0.2, 0.04)).Within(1e-15));
        Assert.That(ema[0], Is.EqualTo(1.5 + (0.25 * p[0])).Within(1e-15));
    }

    [Test]
    public void Adam_EpsilonForms_Agree_WithoutEpsilon()
    {
        double[] a = [1], b = [1], m1 = [0], m2 = [0], v1 = [0], v2 = [0];
        for (int step = 1; step <= 5; step++)
        {
            AdamW.Update(a, [step], m1, v1, null, 1, step, 0.1, 0.9, 0.99, 0, AdamEpsilonForm.Paper, 0, 0);
            AdamW.Update(b, [step], m2, v2, null, 1, step, 0.1, 0.9, 0.99, 0, AdamEpsilonForm.TensorFlow, 0, 0);
        }

        Assert.That(b[0], Is.EqualTo(a[0]).Within(1e-14));
    }

    [Test]
    public void Whiten_HasMeanZeroAndVarianceOne()
    {
        double[] whitened = Whiten.Compute([1, 2, 4, 9, 100], [true, true, true, true, false], unbiased: false, shiftMean: true);
        Assert.That(whitened.Sum(), Is.Zero.Within(1e-14));
        Assert.That(whitened.Sum(x => x * x) / 4, Is.EqualTo(1).Within(1e-8));
        Assert.That(whitened[4], Is.Zero);
    }
}
