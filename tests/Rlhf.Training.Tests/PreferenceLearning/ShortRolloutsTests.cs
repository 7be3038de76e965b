using Rlhf.Environments;
using Rlhf.Training.Control;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class ShortRolloutsTests
{
    private const int Environments = 3, Steps = 50, StepBytes = Environments * 2 * sizeof(float);

    [TestCase(long.MaxValue, new[] { 50 })]
    [TestCase(StepBytes * 20L, new[] { 20, 20, 10 })]
    [TestCase(1L, null)]
    public void Rollouts_AreBounded_AndTogetherWhatOneWouldBe(long mostBytes, int[]? lengths)
    {
        (int[] Lengths, float[] Observations, float[] Actions) one = Collect(long.MaxValue), some = Collect(mostBytes);
        Assert.Multiple(() =>
        {
            Assert.That(some.Lengths, Is.EqualTo(lengths ?? [.. Enumerable.Repeat(1, Steps)]));
            Assert.That(some.Observations, Is.EqualTo(one.Observations));
            Assert.That(some.Actions, Is.EqualTo(one.Actions));
        });
    }

    private static (int[] Lengths, float[] Observations, float[] Actions) Collect(long mostBytes)
    {
        // Episodes of 17 steps: they go on from one rollout to the next.
        using VectorEnvironment environments = ChainEnvironment.Many(Environments, seed: 3, horizon: 17);
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, new PolicyConfig { HiddenSizes = [8] }, seed: 4);
        using var collector = new RolloutCollector(environments, policy, seed: 5);
        List<int> lengths = [];
        List<float> observations = [], actions = [];
        ShortRollouts.Collect(collector, environments, policy, Steps, mostBytes, rollout =>
        {
            Assert.That(rollout.FirstStep, Is.EqualTo(lengths.Sum()));
            lengths.Add(rollout.Steps);
            observations.AddRange(Vectors.Span(rollout.Observations));
            actions.AddRange(Vectors.Span(rollout.Actions));
        });
        return ([.. lengths], [.. observations], [.. actions]);
    }
}
