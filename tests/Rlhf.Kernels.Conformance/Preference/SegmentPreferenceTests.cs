using Rlhf.Kernels.Preference;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Preference.SegmentPreference;

namespace Rlhf.Kernels.Conformance.Preference;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class SegmentPreferenceTests(IKernels kernels)
{
    [Test]
    public void LossAndGradients_MatchReference(
        [Values(1, 2, 15, 17, 40)] int pairs, [Values(0, 1, 25, 129)] int length, [Values(1f, 0.97f)] float discount, [Values(0f, 0.1f)] float noise)
    {
        int n = pairs * length;
        float[] rewards1 = Data.Normal(1, n), rewards2 = Data.Normal(2, n);
        float[] labels = [.. Data.Integers(3, pairs, 3).Select(i => i / 2f)];
        var actual = Run(rewards1, rewards2, labels, length, discount, 50f, noise);
        var expected = Oracle.Compute(Data.Doubles(rewards1), Data.Doubles(rewards2), Data.Doubles(labels), discount, 50, noise, pairs);
        Expect.Close("SegmentPreference", "loss", actual.Stats.Loss, expected.Stats.Loss);
        Expect.Close("SegmentPreference", "probabilities", actual.Probabilities, expected.Probabilities);
        Expect.Close("SegmentPreference", "d rewards1", actual.Grad1, expected.GradRewards1);
        Expect.Close("SegmentPreference", "d rewards2", actual.Grad2, expected.GradRewards2);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Stats.Correct, Is.EqualTo(expected.Stats.Correct));
            Assert.That(actual.Stats.Pairs, Is.EqualTo(pairs));
            Assert.That(actual.Stats.RewardMax, Is.EqualTo(expected.Stats.RewardMax).Within(1e-4));
        });
    }

    [Test]
    public void Gradient_IsZero_BeyondTheLimitOnly()
    {
        var (stats, probabilities, grad, _) = Run([30f, 21f, -30f, -21f, 30f, 20f], [0, 0, 0, 0, 0, 0], [0f, 1f, 0f], 2, 1f, 50f, 0f);
        Assert.That(grad[..4], Is.All.EqualTo(0f));
        Assert.That(grad[4], Is.EqualTo(1 / 3f).Within(1e-6f), "at the limit the slope still flows");
        Assert.That(stats.Loss, Is.EqualTo((50 + 50 + 50) / 3.0).Within(1e-4));
        Assert.That(probabilities, Is.EqualTo(new[] { 1f, 0f, 1f }).Within(1e-20f));
    }

    [Test]
    public void Probability_HasTheNoiseFloor()
    {
        var (stats, probabilities, _, _) = Run([200f, -200f], [0, 0], [1f, 1f], 1, 1f, 50f, 0.1f);
        Assert.That(probabilities, Is.EqualTo(new[] { 0.95f, 0.05f }).Within(1e-7f));
        Assert.That(stats.Loss, Is.EqualTo((-Math.Log(0.95) - Math.Log(0.05)) / 2).Within(1e-6));
        Assert.That(stats.Correct, Is.EqualTo(1));
    }

    [Test]
    public void Discount_WeighsLaterStepsLess()
    {
        var (_, probabilities, grad1, grad2) = Run([0f, 0f, 1f], [0f, 0f, 0f], [0f], 3, 0.5f, 50f, 0f);
        Assert.That(probabilities[0], Is.EqualTo(1 / (1 + Math.Exp(-0.25))).Within(1e-7));
        Assert.That(grad1, Is.EqualTo(new[] { probabilities[0], probabilities[0] / 2, probabilities[0] / 4 }).Within(1e-7f));
        Assert.That(grad2, Is.EqualTo(grad1.Select(g => -g)));
    }

    private (PreferenceStats Stats, float[] Probabilities, float[] Grad1, float[] Grad2) Run(
        float[] rewards1, float[] rewards2, float[] labels, int length, float discount, float limit, float noise)
    {
        int pairs = labels.Length;
        using var r1 = Pinned.Pitched(rewards1, pairs, length, length + 2, float.NaN);
        using var r2 = Pinned.Of(rewards2, pairs, length);
        using var l = Pinned.Of(labels);
        using var p = Pinned.Zeros<float>(pairs);
        using var g1 = Pinned.Pitched(new float[pairs * length], pairs, length, length + 1, 7f);
        using var g2 = Pinned.Zeros<float>(pairs, length);
        using var stats = Pinned.Zeros<float>(PreferenceStats.Length);
        kernels.SegmentPreference(new SegmentPreferenceArgs
        {
            Rewards1 = r1, Rewards2 = r2, Labels = l, Discount = discount, Limit = limit, Noise = noise, Normalizer = pairs,
            Probabilities = p, GradRewards1 = g1, GradRewards2 = g2, Stats = stats,
        });
        Expect.PadsUntouched(g1, 7f);
        return (PreferenceStats.Read(stats), p.Dense(), g1.Dense(), g2.Dense());
    }
}
