using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Tests;

/// <summary>Lengths and offsets in device memory are not read by the host: kernels poison what they belong to and say so on demand.</summary>
public sealed class BadIndexTests
{
    [Test]
    public void Length_OutOfRange_PoisonsItsRowAlone([Values(-1, 5)] int length)
    {
        using Session session = new();
        var logprobs = session.Buffer(-1f, -1f, -1f, -1f, -2f, -2f, -2f, -2f);
        var lengths = session.Buffer(4, length);
        var scores = session.Buffer(3f, 3f);
        var rewards = session.Buffer(new float[8]);
        var kl = session.Buffer(new float[8]);
        var final = session.Buffer(new float[2]);
        session.Kernels.KlShapedRewards(new KlShapedRewardsArgs
        {
            Logprobs = logprobs.View(2, 4), RefLogprobs = logprobs.View(2, 4), Lengths = lengths.View(2), Scores = scores.View(2), KlCoef = 0.1f,
            Estimator = KlEstimator.K1, Placement = ScorePlacement.LastToken, Rewards = rewards.View(2, 4), Kl = kl.View(2, 4), FinalScores = final.View(2),
        });
        Assert.That(session.Read(rewards), Is.EqualTo(new[] { 0f, 0f, 0f, 3f, float.NaN, float.NaN, float.NaN, float.NaN }));
        Assert.That(session.Read(kl), Is.EqualTo(new[] { 0f, 0f, 0f, 0f, float.NaN, float.NaN, float.NaN, float.NaN }));
        Assert.That(session.Read(final), Is.EqualTo(new[] { 3f, float.NaN }));
        Assert.That(
            session.Kernels.ThrowIfBadInput,
            Throws.ArgumentException.With.Message.EqualTo("a length is out of range at row 1; its results are NaN"));
        Assert.That(session.Kernels.ThrowIfBadInput, Throws.Nothing, "told once");
    }

    [TestCase(new[] { 1, 2, 4 }, 0)]
    [TestCase(new[] { 0, 2, 5 }, 1)]
    [TestCase(new[] { 0, 2, 3 }, 1)]
    [TestCase(new[] { 0, 5, 4 }, 0)]
    [TestCase(new[] { 0, -1, 4 }, 0)]
    public void GroupOffsets_OutOfRange_PoisonTheLoss(int[] offsets, int group)
    {
        using Session session = new();
        var rewards = session.Buffer(1f, 2f, 3f, 4f);
        var ranks = session.Buffer(0, 1, 0, 1);
        var groupOffsets = session.Buffer(offsets);
        var grad = session.Buffer(new float[4]);
        var stats = session.Buffer(new float[PreferenceStats.Length]);
        session.Kernels.RankingLoss(new RankingLossArgs
        {
            Rewards = rewards.View(4), Ranks = ranks.View(4), GroupOffsets = groupOffsets.View(3), Normalizer = 2, GradRewards = grad.View(4),
            Stats = stats.View(PreferenceStats.Length),
        });
        Assert.That(session.Read(stats)[0], Is.NaN);
        Assert.That(
            session.Kernels.ThrowIfBadInput,
            Throws.ArgumentException.With.Message.EqualTo($"group offsets are out of range or not ascending at row {group}; its results are NaN"));
    }
}
