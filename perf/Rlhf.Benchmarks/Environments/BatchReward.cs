using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Benchmarks.Environments;

/// <summary>An ensemble of reward networks as a run from comparisons asks it: inputs normalised, all members, rewards to scale, a whole batch at once.</summary>
internal sealed class BatchReward : IDisposable
{
    private readonly RewardEnsemble _ensemble;
    private readonly float[] _predictions;

    public BatchReward(EnvironmentSpec spec, int rows, ulong seed)
    {
        _ensemble = new RewardEnsemble(new RewardInput(spec), new RewardModelOptions(), seed);
        _predictions = new float[_ensemble.Members * rows];
    }

    /// <summary>What it is made of.</summary>
    public string Description => $"{_ensemble.Members} of {string.Join('x', _ensemble.Options.Hidden)}";

    /// <summary>Takes the moments of a rollout's inputs.</summary>
    public void Observe(ControlRollout rollout)
    {
        using var rows = new HostBuffer<float>((long)rollout.Count * _ensemble.Input.Length);
        View<float> inputs = rows.View(rollout.Count, _ensemble.Input.Length);
        _ensemble.Input.Encode(Span(rollout.Observations), Span(rollout.Actions), rows.Span);
        _ensemble.ObserveInputs(inputs);
    }

    /// <summary>Writes the reward of every step.</summary>
    public void Fill(ControlRollout rollout)
    {
        _ensemble.Predict(Span(rollout.Observations), Span(rollout.Actions), _predictions);
        _ensemble.Calibrate(_predictions);
        _ensemble.Scale.Apply(_predictions, Span(rollout.Rewards));
    }

    /// <summary>Rewards that were not computed would cost nothing.</summary>
    /// <exception cref="InvalidDataException">Their mean is not 0, or their deviation not 1.</exception>
    public void RequireScaled(ControlRollout rollout)
    {
        double[] rewards = [.. Span(rollout.Rewards).ToArray().Select(reward => (double)reward)];
        double mean = rewards.Average(), deviation = Math.Sqrt(rewards.Average(reward => reward * reward));
        if (!(Math.Abs(mean) < 1e-3 && Math.Abs(deviation - _ensemble.RewardStd) < 1e-3))
            throw new InvalidDataException($"rewards have mean {mean:G4} and deviation {deviation:G4}, expected 0 and {_ensemble.RewardStd}");
    }

    public void Dispose() => _ensemble.Dispose();

    private static unsafe Span<float> Span(View<float> view) => new(view.Pointer, checked((int)view.Count)); // Views of a rollout are contiguous.
}
