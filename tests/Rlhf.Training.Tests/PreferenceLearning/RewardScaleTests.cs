using Rlhf.Training.PreferenceLearning;
using Numbers = Rlhf.TestSupport.Data;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class RewardScaleTests
{
    [TestCase(1.0)]
    [TestCase(0.05)]
    public void Rewards_HaveMeanZeroAndTheDeviationWanted(double deviation)
    {
        float[] predictions = [.. Numbers.Normal(1, 500, 3, 7), .. Numbers.Normal(2, 500, 0.01, -4), .. Numbers.Normal(3, 500, 40)];
        float[] rewards = new float[500];
        RewardScale.Of(predictions, 3, deviation).Apply(predictions, rewards);
        double mean = rewards.Average();
        Assert.That(mean, Is.EqualTo(0).Within(1e-6));
        Assert.That(Math.Sqrt(rewards.Average(reward => (reward - mean) * (reward - mean))), Is.EqualTo(deviation).Within(1e-5 * deviation));
    }

    [Test]
    public void Members_AreNormalisedBeforeTheyAreAveraged()
    {
        // The second member is a thousand times louder and says the opposite: with equal voices they cancel out where they disagree.
        float[] predictions = [1, 2, 3, 6, 3000, 2000, 1000, 6000];
        float[] rewards = new float[4], loud = new float[4];
        RewardScale.Of(predictions, 2, 1).Apply(predictions, rewards);
        RewardScale.Of(predictions.AsSpan(4), 1, 1).Apply(predictions.AsSpan(4), loud);
        Assert.That(rewards[0], Is.EqualTo(rewards[2]).Within(0.2));
        Assert.That(rewards[3], Is.EqualTo(rewards.Max()));
        Assert.That(Math.Abs(loud[0] - loud[2]), Is.GreaterThan(1));
    }

    [Test]
    public void ConstantMember_SaysNothing()
    {
        float[] predictions = [5, 5, 5, 1, 2, 3];
        float[] rewards = new float[3];
        RewardScale.Of(predictions, 2, 1).Apply(predictions, rewards);
        Assert.That(rewards, Is.EqualTo(new[] { -1.2247449f, 0f, 1.2247449f }).Within(1e-5f));
    }

    [Test]
    public void Rewards_AreZero_WhereNothingIsKnown()
    {
        float[] rewards = [9, 9];
        RewardScale.Of([3, 3], 1, 1).Apply([3, 3], rewards);
        Assert.That(rewards, Is.EqualTo(new[] { 0f, 0f }));
    }
}
