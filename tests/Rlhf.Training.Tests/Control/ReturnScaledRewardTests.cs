using Rlhf.Environments;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

internal sealed class ReturnScaledRewardTests
{
    [Test]
    public void Fill_DividesByTheDeviationOfTheDiscountedReturn()
    {
        using ControlRollout rollout = Rewards([2, 4, 2], [0, 1, 0]);

        new ReturnScaledReward(1, gamma: 0.5).Fill(rollout);

        // Discounted sums so far: 2, then 5; the end of the episode begins anew with 2.
        double second = 2 / 1.5 * 2, third = 2 / Math.Sqrt(2);
        Assert.That(Worlds.Copy(rollout.Rewards)[1..], Is.EqualTo(new[] { second, third }).Within(1e-4));
    }

    [Test]
    public void Fill_ClipsAtTen()
    {
        // One number has no deviation: its scale is what ε leaves.
        using ControlRollout rollout = Rewards([-3, -3, -3], [0, 0, 0]);

        new ReturnScaledReward(1, gamma: 0).Fill(rollout);

        Assert.That(Worlds.Copy(rollout.Rewards), Is.All.EqualTo(-10));
    }

    private static ControlRollout Rewards(float[] rewards, byte[] dones)
    {
        var rollout = new ControlRollout(new ScriptedEpisodes().Spec, environments: 1, rewards.Length, normalized: false);
        rewards.CopyTo(Vectors.Span(rollout.TrueRewards));
        dones.CopyTo(Vectors.Span(rollout.Dones));
        return rollout;
    }
}
