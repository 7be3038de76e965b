using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Rlhf.Training.Ppo;
using Rlhf.Training.Tests.Ppo;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on KL control, whitening, advantages, value loss and masks.</summary>
internal sealed class Statements25To32Tests
{
    [Test]
    public void Statement25_AdaptiveKl_MovesTheCoefficientByAClippedError()
    {
        var controller = new KlController(0.15, target: 6, horizon: 10_000);
        controller.Update(kl: 6.6, episodes: 512);
        Assert.That(controller.Coefficient, Is.EqualTo(0.15 * (1 + (0.1 * 512 / 10_000))).Within(1e-12));
        double before = controller.Coefficient;
        controller.Update(kl: 60, episodes: 512);
        Assert.That(controller.Coefficient, Is.EqualTo(before * (1 + (0.2 * 512 / 10_000))).Within(1e-12));
        before = controller.Coefficient;
        controller.Update(kl: 0, episodes: 512);
        Assert.That(controller.Coefficient, Is.EqualTo(before * (1 - (0.2 * 512 / 10_000))).Within(1e-12));
    }

    [Test]
    public void Statement26_ControllersKl_IsSummedOverTokens_AndAveragedOverSamples()
    {
        using RolloutBatch batch = RolloutBatches.Of(4, [2, 4, 0], PpoConventions.Default);
        RewardShaping.Apply(Small.Kernels, batch, klCoef: 0.1f, KlEstimator.K1, null, PpoConventions.Default);
        Assert.That(RolloutStatistics.Of(batch, 0.1, MetricConvention.Masked).Kl, Is.EqualTo((0.5 * (2 + 4)) / 3).Within(1e-6));
    }

    [Test]
    public void Statement27_RewardWhitening_KeepsTheMean_AndIsOffByDefault([Values] bool unbiased)
    {
        PpoConventions conventions = PpoConventions.Default with { UnbiasedVariance = unbiased };
        using RolloutBatch batch = RolloutBatches.Of(3, [3, 2], conventions);
        TrlFixture.Fill(batch.ShapedRewards, [1, 2, 6, -4, 5, 0]);
        AdvantageEstimation.Apply(Small.Kernels, batch, 1, 0.95f, whitenRewards: true, conventions);
        double[] rewards = [1, 2, 6, -4, 5];
        double mean = rewards.Average(), variance = rewards.Sum(r => (r - mean) * (r - mean)) / (unbiased ? 4 : 5);
        float[] expected = [.. rewards.Select(r => (float)(((r - mean) / Math.Sqrt(variance + 1e-8)) + mean)), 0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TrlFixture.ToArray(batch.Rewards), Is.EqualTo(expected).Within(1e-5));
            Assert.That(new PpoConfig().WhitenRewards, Is.False);
        }
    }

    [Test]
    public void Statement28_Advantages_AreWhitenedToMeanZero_OverTheBatchOrTheMiniBatch([Values] WhiteningScope scope)
    {
        PpoConfig config = TinyPpo.Config with { TotalEpisodes = 16, Conventions = PpoConventions.Default with { Whitening = scope } };
        using RolloutBatch batch = RolloutBatches.Of(4, [4, 4, 2, 3], config.Conventions);
        TrlFixture.Fill(batch.ShapedRewards, TestSupport.Data.Normal(1, 16));
        int[] firstHalf = [0, 2];
        if (scope == WhiteningScope.Batch)
        {
            AdvantageEstimation.Apply(Small.Kernels, batch, 1, 0.95f, false, config.Conventions);
        }
        else
        {
            using var mini = new RolloutBatch(2, 4);
            batch.Gather(firstHalf, mini);
            AdvantageEstimation.Apply(Small.Kernels, mini, 1, 0.95f, false, config.Conventions);
            batch.ScatterEstimates(firstHalf, mini);
        }

        View<float> advantages = batch.Advantages;
        double Mean(params int[] rows) => rows.SelectMany(b => Enumerable.Range(0, batch.Lengths[b]).Select(t => (double)advantages[b, t])).Average();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scope == WhiteningScope.Batch ? Mean(0, 1, 2, 3) : Mean(firstHalf), Is.Zero.Within(1e-6));
            Assert.That(advantages[2, 3], Is.Zero, "padding");
            if (scope == WhiteningScope.Batch)
                Assert.That(Mean(firstHalf), Is.Not.Zero.Within(1e-3));
        }
    }

    [Test]
    public void Statement28_Scope_ChangesTheRun()
    {
        using var batch = new TinyPpo(TinyPpo.Config);
        using var mini = new TinyPpo(TinyPpo.Config with { Conventions = PpoConventions.Default with { Whitening = WhiteningScope.MiniBatch } });
        batch.Trainer.Train();
        mini.Trainer.Train();
        Assert.That(Small.Weights(mini.Policy.Transformer), Is.Not.EqualTo(Small.Weights(batch.Policy.Transformer)));
    }

    [TestCase(4, false)]
    [TestCase(2, true)]
    public void Statement29_WhiteningRewards_NeedsEightSamples(int miniBatches, bool allowed)
    {
        PpoConfig config = TinyPpo.Config with { NumMiniBatches = miniBatches, WhitenRewards = true };
        Assert.That(config.Validate, allowed ? Throws.Nothing : Throws.ArgumentException.With.Message.Contains("at least 8"));
    }

    [Test]
    public void Statement30_Gae_HasNoValueAfterTheEnd_AndReturnsAreTakenBeforeWhitening()
    {
        using RolloutBatch batch = RolloutBatches.Of(3, [3], PpoConventions.Default);
        TrlFixture.Fill(batch.ShapedRewards, [0.5f, -1, 4]);
        AdvantageEstimation.Apply(Small.Kernels, batch, new PpoConfig().Gamma, new PpoConfig().Lam, false, PpoConventions.Default);
        double last = 4 - 3, middle = -1 + 3 - 2 + (0.95 * last), first = 0.5 + 2 - 1 + (0.95 * middle);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((new PpoConfig().Gamma, new PpoConfig().Lam), Is.EqualTo((1f, 0.95f)));
            Assert.That(TrlFixture.ToArray(batch.RawAdvantages), Is.EqualTo(new[] { first, middle, last }).Within(1e-5));
            Assert.That(TrlFixture.ToArray(batch.Returns), Is.EqualTo(new[] { first + 1, middle + 2, last + 3 }).Within(1e-5));
            Assert.That(TrlFixture.ToArray(batch.Advantages).Sum(), Is.Zero.Within(1e-5));
        }
    }

    [Test]
    public void Statement31_ValueLoss_IsHalfTheLargerSquare_ClippedAroundOldValues()
    {
        var config = new PpoConfig();
        using Pinned<float> values = Pinned.Of([1f, 0.1f]), old = Pinned.Of([0f, 0f]), returns = Pinned.Of([2f, 1f]);
        using Pinned<float> grad = Pinned.Zeros<float>(2), stats = Pinned.Zeros<float>(ValueClipStats.Length);
        Small.Kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = values, OldValues = old, Returns = returns, ClipRange = config.CliprangeValue, Normalizer = 2, GradValues = grad, Stats = stats,
        });
        using (Assert.EnterMultipleScope())
        {
            Assert.That((config.Cliprange, config.CliprangeValue, config.VfCoef), Is.EqualTo((0.2f, 0.2f, 0.1f)));
            Assert.That(ValueClipStats.Read(stats).Loss, Is.EqualTo(0.5 * ((1.8 * 1.8) + (0.9 * 0.9)) / 2).Within(1e-6));
            Assert.That(grad.ToArray(), Is.EqualTo(new[] { 0f, -0.45f }).Within(1e-6));
        }
    }

    [TestCase(ScorePlacement.AfterLastToken, new byte[] { 1, 1, 1, 0 })]
    [TestCase(ScorePlacement.LastToken, new byte[] { 1, 1, 0, 0 })]
    public void Statement32_ValueMask_ReachesOneSlotFurtherThanThePolicyMask_WhereTheScoreDoes(ScorePlacement placement, byte[] valueMask)
    {
        PpoConventions conventions = PpoConventions.Default with { ScorePlacement = placement };
        using RolloutBatch batch = RolloutBatches.Of(4, [2], conventions);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TrlFixture.ToArray(batch.Mask), Is.EqualTo(new byte[] { 1, 1, 0, 0 }));
            Assert.That(TrlFixture.ToArray(batch.ValueMask), Is.EqualTo(valueMask));
        }
    }

    [Test]
    public void Statement32_Score_StaysAtTheLastTokenOfAFullResponse()
    {
        using RolloutBatch batch = RolloutBatches.Of(3, [3], PpoConventions.Trl);
        RewardShaping.Apply(Small.Kernels, batch, klCoef: 0, KlEstimator.K1, null, PpoConventions.Trl);
        Assert.That(TrlFixture.ToArray(batch.ShapedRewards), Is.EqualTo(new[] { 0f, 0, 10 }));
    }
}
