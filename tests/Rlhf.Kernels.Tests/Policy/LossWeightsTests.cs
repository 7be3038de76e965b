using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Tests.Policy;

public sealed class LossWeightsTests
{
    // 3 tokens, 1 token, none, of length 4.
    private static readonly byte[] Mask = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0];

    [TestCase(LossAggregation.TokenMean, 4f, 1f, 1f)]
    [TestCase(LossAggregation.SequenceMeanTokenSum, 2f, 1f, 1f)]
    [TestCase(LossAggregation.SequenceMeanTokenMean, 2f, 1 / 3f, 1f)]
    [TestCase(LossAggregation.SequenceMeanTokenSumNorm, 4f, 1f, 1f)]
    public void Aggregation_IsAWeightARowAndANormaliser(LossAggregation aggregation, float normalizer, float first, float second)
    {
        using var mask = Pinned.Of(Mask, 3, 4);
        using var weights = Pinned.Of([9f, 9f, 9f]);
        Assert.That(LossWeights.Write(aggregation, mask, 4, weights), Is.EqualTo(normalizer));
        Assert.That(weights.ToArray()[..2], Is.EqualTo(new[] { first, second }));
    }

    [Test]
    public void NoMask_CountsEveryToken()
    {
        using var weights = Pinned.Zeros<float>(3);
        Assert.That(LossWeights.Write(LossAggregation.TokenMean, default, 5, weights), Is.EqualTo(15f));
        Assert.That(LossWeights.Write(LossAggregation.SequenceMeanTokenMean, default, 5, weights), Is.EqualTo(3f));
        Assert.That(weights.ToArray(), Is.All.EqualTo(0.2f));
    }

    [Test]
    public void NothingCounted_GivesZero([Values(LossAggregation.TokenMean, LossAggregation.SequenceMeanTokenSum)] LossAggregation aggregation)
    {
        using var mask = Pinned.Zeros<byte>(2, 4);
        using var weights = Pinned.Zeros<float>(2);
        Assert.That(LossWeights.Write(aggregation, mask, 4, weights), Is.Zero);
        Assert.That(weights.ToArray(), Is.All.EqualTo(1f));
    }

    [Test]
    public void Aggregations_AreTheirDefinitions_ThroughThePolicyLoss()
    {
        // Ratio 1: each token's loss is minus its advantage.
        float[] advantages = [1, 2, 50, 3, 50, 50, 10, 50, 50, 50, 50, 50];
        using var kernels = new CpuKernels(threads: 1);
        using var zeros = Pinned.Zeros<float>(3, 4);
        using var a = Pinned.Of(advantages, 3, 4);
        using var mask = Pinned.Of(Mask, 3, 4);
        using var weights = Pinned.Zeros<float>(3);
        using var stats = Pinned.Zeros<float>(PpoClipStats.Length);
        double Loss(LossAggregation aggregation)
        {
            float normalizer = LossWeights.Write(aggregation, mask, 4, weights);
            kernels.PpoClipLoss(new PpoClipLossArgs
            {
                Logprobs = zeros, OldLogprobs = zeros, Advantages = a, Mask = mask, Normalizer = normalizer, RowWeights = weights, Stats = stats,
            });
            return -PpoClipStats.Read(stats).Loss;
        }

        Assert.Multiple(() =>
        {
            Assert.That(Loss(LossAggregation.TokenMean), Is.EqualTo(16 / 4.0).Within(1e-6));
            Assert.That(Loss(LossAggregation.SequenceMeanTokenSum), Is.EqualTo((6 + 10) / 2.0).Within(1e-6));
            Assert.That(Loss(LossAggregation.SequenceMeanTokenMean), Is.EqualTo((2 + 10) / 2.0).Within(1e-6));
            Assert.That(Loss(LossAggregation.SequenceMeanTokenSumNorm), Is.EqualTo(16 / 4.0).Within(1e-6));
        });
    }

    [Test]
    public void Mask_OfAnotherShape_IsNamed()
    {
        using var mask = Pinned.Of(Mask, 3, 4);
        using var weights = Pinned.Zeros<float>(2);
        Assert.That(
            () => LossWeights.Write(LossAggregation.TokenMean, mask, 4, weights),
            Throws.ArgumentException.With.Message.EqualTo("mask is [3, 4], expected [2, 4]"));
    }
}
