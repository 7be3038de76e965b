using Rlhf.Environments;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

internal sealed class RolloutCollectorTests
{
    private static readonly PolicyConfig Raw = new() { HiddenSizes = [4], NormalizeObservations = false };

    [Test]
    public void Collect_StandsBeforeEachStep_AndTellsTruncationFromTermination()
    {
        using VectorEnvironment environments = Worlds.Scripted(new ScriptedEpisodes(), new ScriptedEpisodes { TerminateAt = 2 });
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Raw, seed: 1);

        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 4);

        Assert.Multiple(() =>
        {
            Assert.That(Worlds.Copy(rollout.Observations), Is.EqualTo(new float[] { 0, 0, 1, 1, 2, 0, 0, 1 }));
            Assert.That(Vectors.Span(rollout.Dones).ToArray(), Is.EqualTo(new byte[] { 0, 0, 0, 1, 1, 0, 0, 1 }));
            Assert.That(Vectors.Span(rollout.Truncations).ToArray(), Is.EqualTo(new byte[] { 0, 0, 0, 0, 1, 0, 0, 0 }));
            Assert.That(Worlds.Copy(rollout.TrueRewards), Is.EqualTo(Worlds.Copy(rollout.Actions)));

            // Behind the steps: what follows the last one, and how the truncated episode ended.
            Assert.That(Worlds.Copy(rollout.ExtraInputs), Is.EqualTo(new float[] { 1, 0, 3 }));
        });
    }

    [Test]
    public void Estimate_BootstrapsFromTheLastObservation_WhereTheHorizonCut()
    {
        using VectorEnvironment environments = Worlds.Scripted(new ScriptedEpisodes(), new ScriptedEpisodes { TerminateAt = 2 });
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Raw, seed: 1);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 4);
        Vectors.Span(rollout.Rewards).Fill(1);

        // The value of an observation is ten times itself.
        RolloutValues.Scatter(Vectors.Column(rollout.AllInputs), mean: 0, std: 10, rollout);
        AdvantageEstimator.Estimate(Small.Kernels, rollout, gamma: 0.5, lambda: 1);

        Assert.That(Worlds.Copy(rollout.Returns), Is.EqualTo(new[]
        {
            1 + (0.5f * (1 + (0.5f * (1 + (0.5f * 30))))), 1 + (0.5f * 1),
            1 + (0.5f * (1 + (0.5f * 30))), 1,
            1 + (0.5f * 30), 1 + (0.5f * 1),
            1 + (0.5f * 10), 1,
        }).Within(1e-5));
    }

    [Test]
    public void Collect_TellsTheObserver_BeforeAndAfterEachStep()
    {
        using VectorEnvironment environments = Worlds.Scripted(new ScriptedEpisodes());
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Raw, seed: 1);
        using var rollout = new ControlRollout(environments.Spec, 1, steps: 5, normalized: false);
        var observer = new RecordingSteps();
        using var collector = new RolloutCollector(environments, policy, seed: 1, observer);

        collector.Collect(rollout);

        Assert.That(observer.Seen, Is.EqualTo(new[] { "0 state 0", "0 done 0", "1 state 1", "1 done 0", "2 state 2", "2 done 1", "3 state 0", "3 done 0", "4 state 1", "4 done 0" }));
    }

    [Test]
    public void Collect_DrawsTheSame_WhateverTheLengthOfTheRollout()
    {
        Assert.That(Actions(2, 2, 2), Is.EqualTo(Actions(6)));

        static float[] Actions(params int[] lengths)
        {
            using VectorEnvironment environments = Worlds.Vector("pendulum", count: 2);
            using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Raw, seed: 1);
            using var collector = new RolloutCollector(environments, policy, seed: 1);
            List<float> actions = [];
            foreach (int length in lengths)
            {
                using var rollout = new ControlRollout(environments.Spec, 2, length, normalized: false);
                collector.Collect(rollout);
                actions.AddRange(Worlds.Copy(rollout.Actions));
            }

            return [.. actions];
        }
    }

    [Test]
    public void Collect_AllocatesNothing([Values("pendulum", "cartpole")] string id)
    {
        using VectorEnvironment environments = Worlds.Vector(id);
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, new PolicyConfig(), seed: 1);
        using var rollout = new ControlRollout(environments.Spec, environments.Count, steps: 50, normalized: true);
        using var collector = new RolloutCollector(environments, policy, seed: 1);
        collector.Collect(rollout);
        collector.Collect(rollout);

        long before = GC.GetAllocatedBytesForCurrentThread();
        collector.Collect(rollout);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private sealed class RecordingSteps : IRolloutObserver
    {
        public List<string> Seen { get; } = [];

        public void Acting(ControlRollout rollout, int step, VectorEnvironment environments)
        {
            double[] state = new double[1];
            environments[0].CaptureState(state);
            Assert.That(rollout.Observations[step], Is.EqualTo(state[0]));
            Seen.Add($"{step} state {state[0]}");
        }

        public void Acted(ControlRollout rollout, int step) => Seen.Add($"{step} done {rollout.Dones[step, 0]}");
    }
}
