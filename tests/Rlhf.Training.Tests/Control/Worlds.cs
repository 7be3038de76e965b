using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

/// <summary>Environments, rollouts and settings small enough for a test.</summary>
internal static class Worlds
{
    public static VectorEnvironment Vector(string id, int count = 4, int threads = 1, ulong seed = 1, int? horizon = null, TaskForm form = TaskForm.Standard) => new(
        [.. Enumerable.Range(0, count).Select(_ => EnvironmentCatalogue.Create(id, new EnvironmentOptions { Horizon = horizon, Form = form }))], threads, seed);

    public static VectorEnvironment Scripted(params ScriptedEpisodes[] environments) => new(environments, threads: 1, seed: 1);

    /// <summary>A rollout of a policy that was made for it, with advantages that are not zero.</summary>
    public static ControlRollout Rollout(ControlPolicy policy, VectorEnvironment environments, int steps)
    {
        var rollout = new ControlRollout(environments.Spec, environments.Count, steps, policy.Normalizer is not null);
        using var collector = new RolloutCollector(environments, policy, seed: 3);
        collector.Collect(rollout);
        var random = new Random(5);
        foreach (ref float advantage in Vectors.Span(rollout.Advantages))
            advantage = (float)(random.NextDouble() - 0.5);
        return rollout;
    }

    public static float[] Weights(ControlPolicy policy) => [.. policy.Trained.SelectMany(part => Vectors.Span(part.Buffers.Weights).ToArray())];

    public static float[] Copy(View<float> view) => Vectors.Span(view).ToArray();
}

/// <summary>The observation counts the steps of the episode, from 0; the reward is the first action. Ends where it is told to.</summary>
internal sealed class ScriptedEpisodes : IEnvironment
{
    private int _step;

    public int TerminateAt { get; init; } = int.MaxValue;

    public int NanAt { get; init; } = int.MaxValue;

    public EnvironmentSpec Spec { get; init; } = new()
    {
        Id = "scripted",
        ObservationShape = [1],
        Actions = ActionSpace.Box(1),
        Horizon = 3,
        ClipLength = 2,
        FramesPerSecond = 1,
        Instructions = "none",
        StateLength = 1,
    };

    public void Reset(ulong seed, Span<float> observation)
    {
        _step = 0;
        observation[0] = 0;
    }

    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        observation[0] = ++_step;
        bool terminated = _step == TerminateAt;
        return new StepResult(_step == NanAt ? float.NaN : action[0], terminated, !terminated && _step >= Spec.Horizon);
    }

    public void CaptureState(Span<double> state) => state[0] = _step;

    public void CapturePose(Span<float> pose)
    {
    }

    public void Dispose()
    {
    }
}
