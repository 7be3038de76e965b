using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.TestSupport;
using OracleGaussianKl = Rlhf.Kernels.Reference.Control.GaussianKl;
using OracleGaussianLogprob = Rlhf.Kernels.Reference.Control.GaussianLogprob;
using OracleKlEstimate = Rlhf.Kernels.Reference.Policy.KlEstimate;
using OraclePairwiseLoss = Rlhf.Kernels.Reference.Preference.PairwiseLoss;
using OraclePpoClipLoss = Rlhf.Kernels.Reference.Policy.PpoClipLoss;
using OracleRankingLoss = Rlhf.Kernels.Reference.Preference.RankingLoss;
using OracleSegmentPreference = Rlhf.Kernels.Reference.Preference.SegmentPreference;
using OracleValueClipLoss = Rlhf.Kernels.Reference.Policy.ValueClipLoss;

namespace Rlhf.Kernels.Tests.Reference;

/// <summary>Each reference's gradient against central differences of its own loss.</summary>
public sealed class GradientTests
{
    private const double Step = 1e-6;

    private static double[] Mixed(int seed, int n, double scale = 1) => Data.Doubles(Data.Normal(seed, n, scale));

    [Test]
    public void PpoClipLoss_GradientIsTheSlopeOfItsLoss([Values(0f, 2f)] float dualClip)
    {
        var options = new PpoClipOptions { ClipHigh = 0.3f, DualClip = dualClip };
        double[] old = Mixed(1, 60, 0.5), advantages = Mixed(2, 60), weights = [0.5, 2, 1];
        bool[] mask = Data.Booleans(Data.Mask(3, 60));
        Check(
            Mixed(4, 60, 0.5),
            x => OraclePpoClipLoss.Compute(x, old, advantages, mask, weights, 3, options, 7).Stats.Loss,
            x => OraclePpoClipLoss.Compute(x, old, advantages, mask, weights, 3, options, 7).GradLogprobs);
    }

    [Test]
    public void ValueClipLoss_GradientIsTheSlopeOfItsLoss()
    {
        double[] old = Mixed(1, 60), returns = Mixed(2, 60), weights = [0.5, 2, 1];
        bool[] mask = Data.Booleans(Data.Mask(3, 60));
        Check(
            Mixed(4, 60),
            x => OracleValueClipLoss.Compute(x, old, returns, mask, weights, 3, 0.2, 7).Stats.Loss,
            x => OracleValueClipLoss.Compute(x, old, returns, mask, weights, 3, 0.2, 7).GradValues);
    }

    [Test]
    public void KlEstimate_GradientIsTheSlopeOfItsLoss([Values] KlEstimator estimator, [Values(double.PositiveInfinity, 0.8)] double clamp)
    {
        double[] reference = Mixed(1, 60);
        Check(
            Mixed(4, 60),
            x => OracleKlEstimate.Compute(x, reference, null, estimator, clamp).Kl.Sum(),
            x => OracleKlEstimate.Compute(x, reference, null, estimator, clamp).GradLogprobs);
    }

    [Test]
    public void PairwiseLoss_GradientIsTheSlopeOfItsLoss([Values(0, 0.1)] double noise, [Values] bool chosenSide)
    {
        double[] other = Mixed(1, 20, 3), margins = Mixed(2, 20), labels = [.. Data.Integers(3, 20, 5).Select(i => i / 4.0)];
        (PreferenceStats Stats, double[] Chosen, double[] Rejected) Run(double[] x) => chosenSide
            ? OraclePairwiseLoss.Compute(x, other, margins, labels, noise, 0.05, 20)
            : OraclePairwiseLoss.Compute(other, x, margins, labels, noise, 0.05, 20);
        Check(Mixed(4, 20, 3), x => Run(x).Stats.Loss, x => chosenSide ? Run(x).Chosen : Run(x).Rejected);
    }

    [Test]
    public void RankingLoss_GradientIsTheSlopeOfItsLoss([Values(0, 0.1)] double noise, [Values] bool weighPairs)
    {
        int[] ranks = Data.Integers(1, 18, 4), offsets = [0, 2, 6, 6, 9, 18];
        (PreferenceStats Stats, double[] Grad) Run(double[] x) =>
            OracleRankingLoss.Compute(x, ranks, offsets, weighPairs, noise, 4);
        Check(Mixed(4, 18, 2), x => Run(x).Stats.Loss, x => Run(x).Grad);
    }

    [Test]
    public void SegmentPreference_GradientIsTheSlopeOfItsLoss([Values(0, 0.1)] double noise, [Values] bool first)
    {
        double[] other = Mixed(1, 40), labels = [1, 0, 0.5, 1];
        (PreferenceStats Stats, double[] P, double[] G1, double[] G2) Run(double[] x) => first
            ? OracleSegmentPreference.Compute(x, other, labels, 0.9, 2, noise, 4)
            : OracleSegmentPreference.Compute(other, x, labels, 0.9, 2, noise, 4);
        Check(Mixed(4, 40), x => Run(x).Stats.Loss, x => first ? Run(x).G1 : Run(x).G2);
    }

    [Test]
    public void GaussianLogprob_GradientsAreTheSlopesOfLogprobAndEntropy([Values(1, 5)] int rowsOfStds)
    {
        double[] means = Mixed(1, 15), logStds = Mixed(2, 3 * rowsOfStds, 0.5), actions = Mixed(3, 15), g = Mixed(4, 5), h = Mixed(5, 5);
        double Loss(double[] m, double[] s)
        {
            var (logprobs, entropy) = OracleGaussianLogprob.Forward(m, s, actions, 5);
            return Enumerable.Range(0, 5).Sum(n => (g[n] * logprobs[n]) + (h[n] * entropy[n]));
        }

        Check(means, x => Loss(x, logStds), x => OracleGaussianLogprob.Backward(x, logStds, actions, g, h).GradMeans);
        Check(logStds, x => Loss(means, x), x => OracleGaussianLogprob.Backward(means, x, actions, g, h).GradLogStds);
    }

    [Test]
    public void GaussianKl_GradientsAreTheSlopesOfTheDivergence([Values(1, 5)] int rowsOfStds)
    {
        double[] means = Mixed(1, 15), logStds = Mixed(2, 3 * rowsOfStds, 0.3), oldMeans = Mixed(3, 15), oldLogStds = Mixed(4, 3, 0.3), g = Mixed(5, 5);
        double Loss(double[] m, double[] s) =>
            OracleGaussianKl.Divergence(m, s, oldMeans, oldLogStds, 5).Zip(g, (kl, weight) => weight * kl).Sum();

        Check(means, x => Loss(x, logStds), x => OracleGaussianKl.Gradient(x, logStds, oldMeans, oldLogStds, g).GradMeans);
        Check(logStds, x => Loss(means, x), x => OracleGaussianKl.Gradient(means, x, oldMeans, oldLogStds, g).GradLogStds);
    }

    private static void Check(double[] at, Func<double[], double> loss, Func<double[], double[]> gradient)
    {
        double[] analytic = gradient(at), numeric = new double[at.Length];
        for (int i = 0; i < at.Length; i++)
        {
            double[] up = [.. at], down = [.. at];
            up[i] += Step;
            down[i] -= Step;
            numeric[i] = (loss(up) - loss(down)) / (2 * Step);
        }

        Assert.That(analytic, Is.EqualTo(numeric).Within(2e-8));
        Assert.That(analytic.Any(g => g != 0), "something to check");
    }
}
