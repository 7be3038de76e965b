using Rlhf.Kernels.Preference;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Preference.RankingLoss;

namespace Rlhf.Kernels.Conformance.Preference;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class RankingLossTests(IKernels kernels)
{
    [Test]
    public void LossAndGradient_MatchReference([Values] bool weighPairs, [Values(0f, 0.1f)] float noise, [Values] bool ties)
    {
        // Sizes 0 … 9, 40 groups, and one of 40 items.
        int[] sizes = [.. Enumerable.Range(0, 40).Select(g => g % 10), 40];
        int[] offsets = [0, .. sizes.Select((_, i) => sizes.Take(i + 1).Sum())];
        int m = offsets[^1];
        float[] rewards = Data.Normal(1, m, 2);
        int[] ranks = ties ? Data.Integers(2, m, 3) : [.. sizes.SelectMany((size, g) => Enumerable.Range(0, size).Select(i => ((i * 7) + g) % Math.Max(size, 1)))];
        var (stats, grad) = Run(rewards, ranks, offsets, weighPairs, noise, 40, stride: 3);
        var (expected, expectedGrad) = Oracle.Compute(Data.Doubles(rewards), ranks, offsets, weighPairs, noise, 40);
        Expect.Close("RankingLoss", "loss", stats.Loss, expected.Loss);
        Expect.Close("RankingLoss", "gradient", grad, expectedGrad, scale: (weighPairs ? 10 : 1) / 40.0);
        Expect.Close("RankingLoss", "margin", stats.MarginSum, expected.MarginSum, scale: 100);
        Assert.Multiple(() =>
        {
            Assert.That(stats.Pairs, Is.EqualTo(expected.Pairs));
            Assert.That(stats.Correct, Is.EqualTo(expected.Correct));
            Assert.That(stats.Rewards, Is.EqualTo(m));
            Assert.That(stats.RewardMin, Is.EqualTo(expected.RewardMin));
            Assert.That(stats.RewardMax, Is.EqualTo(expected.RewardMax));
        });
    }

    [Test]
    public void ThreeItems_MatchHandNumbers()
    {
        // All rewards equal: each of the three pairs costs log 2 and pulls by 1/2, a third each.
        var (stats, grad) = Run([1f, 1f, 1f], [2, 0, 1], [0, 3], false, 0f, 1);
        Assert.That(stats.Loss, Is.EqualTo(Math.Log(2)).Within(1e-6));
        Assert.That(grad, Is.EqualTo(new[] { 1 / 3f, -1 / 3f, 0f }).Within(1e-7f));
    }

    [Test]
    public void TiedGroup_AddsNothing()
    {
        var (stats, grad) = Run([1f, 2f], [4, 4], [0, 2], false, 0f, 1);
        Assert.That((stats.Loss, stats.Pairs), Is.EqualTo((0.0, 0.0)));
        Assert.That(grad, Is.All.EqualTo(0f));
    }

    [Test]
    public void GroupOfTwo_IsThePairwiseLoss()
    {
        var (stats, grad) = Run([-1f, 0.5f], [0, 1], [0, 2], false, 0f, 1);
        Assert.That(stats.Loss, Is.EqualTo(Math.Log(1 + Math.Exp(1.5))).Within(1e-6));
        Assert.That(grad[0], Is.EqualTo(-1 / (1 + Math.Exp(-1.5))).Within(1e-6));
        Assert.That(grad[1], Is.EqualTo(-grad[0]));
    }

    [Test]
    public void GroupGradient_HasTheSameBits_AloneAndInABatch()
    {
        float[] rewards = Data.Normal(1, 15);
        int[] ranks = [0, 1, 2, 3, 4, 3, 2, 1, 0, 5, 5, 0, 1, 1, 2];
        float[] together = Run(rewards, ranks, [0, 5, 10, 15], false, 0f, 3).Grad;
        float[] alone = Run(rewards[5..10], ranks[5..10], [0, 5], false, 0f, 3).Grad;
        Assert.That(together[5..10], Is.EqualTo(alone));
    }

    [Test]
    public void Offsets_MustCoverTheItems()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Run([1f, 2f], [0, 1], [0, 1], false, 0f, 1), Throws.ArgumentException.With.Message.Contains("GroupOffsets is [2], expected [G + 1] from 0 to 2"));
            Assert.That(() => Run([1f, 2f], [0, 1], [0, 2, 1, 2], false, 0f, 1), Throws.ArgumentException.With.Message.Contains("GroupOffsets[2] is 1, expected at least 2"));
        });
    }

    private (PreferenceStats Stats, float[] Grad) Run(float[] rewards, int[] ranks, int[] offsets, bool weighPairs, float noise, float normalizer, int stride = 1)
    {
        int m = rewards.Length;
        using var r = Pinned.Pitched(rewards, m, 1, stride, float.NaN);
        using var k = Pinned.Of(ranks);
        using var o = Pinned.Of(offsets);
        using var grad = Pinned.Pitched(Data.Normal(9, m), m, 1, stride, 7f);
        using var stats = Pinned.Zeros<float>(PreferenceStats.Length);
        kernels.RankingLoss(new RankingLossArgs
        {
            Rewards = r, Ranks = k, GroupOffsets = o, WeighPairs = weighPairs, Noise = noise, Normalizer = normalizer, GradRewards = grad, Stats = stats,
        });
        Expect.PadsUntouched(grad, 7f);
        return (PreferenceStats.Read(stats), grad.Dense());
    }
}
