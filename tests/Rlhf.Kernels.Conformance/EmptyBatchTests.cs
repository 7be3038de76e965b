using Rlhf.Kernels.Control;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance;

/// <summary>A batch without rows is no work and no error: statistics of nothing, no memory touched.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class EmptyBatchTests(IKernels kernels)
{
    [Test]
    public void Losses_GiveStatisticsOfNothing()
    {
        using Pinned<float> policy = Ones(PpoClipStats.Length), value = Ones(ValueClipStats.Length), pairs = Ones(PreferenceStats.Length);
        kernels.PpoClipLoss(new PpoClipLossArgs { Logprobs = default, OldLogprobs = default, Advantages = default, Normalizer = 1, Stats = policy });
        kernels.ValueClipLoss(new ValueClipLossArgs { Values = default, OldValues = default, Returns = default, ClipRange = 0.2f, Normalizer = 1, Stats = value });
        kernels.SegmentPreference(new SegmentPreferenceArgs { Rewards1 = default, Rewards2 = default, Labels = default, Normalizer = 1, Stats = pairs });
        Assert.Multiple(() =>
        {
            Assert.That(PpoClipStats.Read(policy), Is.EqualTo(default(PpoClipStats)));
            Assert.That(ValueClipStats.Read(value), Is.EqualTo(default(ValueClipStats)));
            Assert.That(PreferenceStats.Read(pairs), Is.EqualTo(PreferenceStats.AdditiveIdentity));
        });
    }

    [Test]
    public void Ranking_WithoutGroups_GivesStatisticsOfNothing()
    {
        using var offsets = Pinned.Of([0]);
        using Pinned<float> stats = Ones(PreferenceStats.Length);
        kernels.RankingLoss(new RankingLossArgs { Rewards = default, Ranks = default, GroupOffsets = offsets, Normalizer = 1, Stats = stats });
        Assert.That(PreferenceStats.Read(stats), Is.EqualTo(PreferenceStats.AdditiveIdentity));
    }

    [Test]
    public void Statistics_OfNothing_AreZero()
    {
        using Pinned<float> moments = Ones(MaskedMeanArgs.StatsLength), norm = Ones(2);
        kernels.MaskedMean(new MaskedMeanArgs { Values = default, Unbiased = true, Stats = moments });
        kernels.GlobalNorm(new GlobalNormArgs { Gradients = default, MaxNorm = 1f, Result = norm });
        Assert.That(moments.ToArray(), Is.All.EqualTo(0f));
        Assert.That(norm.ToArray(), Is.EqualTo(new[] { 0f, 1f }), "nothing to clip");
    }

    [Test]
    public void Elementwise_IsNoWork([Values] TimeAxis axis) =>
        Assert.That(
            () =>
            {
                kernels.KlEstimate(new KlEstimateArgs { Logprobs = default, RefLogprobs = default, Estimator = KlEstimator.K3, Kl = default });
                kernels.Whiten(new WhitenArgs { Values = default, Unbiased = true, ShiftMean = true, Whitened = default });
                kernels.Gae(new GaeArgs { Rewards = default, Values = default, Time = axis, Gamma = 1, Lambda = 1, Advantages = default, Returns = default });
                kernels.KlShapedRewards(new KlShapedRewardsArgs
                {
                    Logprobs = default, RefLogprobs = default, Lengths = default, Scores = default, KlCoef = 0.1f, Estimator = KlEstimator.K1,
                    Placement = ScorePlacement.LastToken, Rewards = default,
                });
                kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs { Means = default, LogStds = default, Actions = default, Logprobs = default });
                kernels.GaussianLogprobBackward(new GaussianLogprobBackwardArgs { Means = default, LogStds = default, Actions = default });
                kernels.GaussianKl(new GaussianKlArgs { Means = default, LogStds = default, OldMeans = default, OldLogStds = default, Kl = default });
                kernels.Gaussian(new GaussianArgs { Means = default, LogStds = default, Seed = 1, Sequences = default, Steps = default, Actions = default, Logprobs = default });
                kernels.RmsProp(new RmsPropArgs { Parameters = default, Gradients = default, MeanSquares = default, LearningRate = 0.1f, Decay = 0.99f, Epsilon = 1e-5f });
                kernels.AdamW(new AdamWArgs
                {
                    Parameters = default, Gradients = default, Moment1 = default, Moment2 = default, Step = 1, LearningRate = 0.1f, Beta1 = 0.9f,
                    Beta2 = 0.99f, Epsilon = 1e-8f,
                });
            },
            Throws.Nothing);

    private static Pinned<float> Ones(int n) => Pinned.Of([.. Enumerable.Repeat(1f, n)]);
}
