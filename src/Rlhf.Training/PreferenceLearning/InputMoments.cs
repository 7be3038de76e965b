using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Moments of all inputs of the run, gathered where the policy acts and taken over where the reward model is fitted, which publishes weights
/// and moments together.
/// </summary>
internal sealed class InputMoments(RewardInput input) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly RunningMoments _moments = new(input.Length);
    private HostBuffer<float> _rows = new(input.Length);

    public void Observe(ControlRollout rollout)
    {
        if (input.IsPixels)
            return;
        long length = (long)rollout.Count * input.Length;
        if (_rows.Length < length)
        {
            _rows.Dispose();
            _rows = new HostBuffer<float>(length);
        }

        View<float> rows = _rows.View(rollout.Count, input.Length);
        input.Encode(Vectors.Span(rollout.Observations), Vectors.Span(rollout.Actions), Vectors.Span(rows));
        lock (_lock)
            _moments.Update(rows);
    }

    public void GiveTo(RewardEnsemble ensemble)
    {
        RunningMoments.State state = Capture();
        if (state.Count > 0)
            ensemble.SetInputs(state);
    }

    public RunningMoments.State Capture()
    {
        lock (_lock)
            return _moments.Capture();
    }

    public void Restore(RunningMoments.State state, string source)
    {
        lock (_lock)
            _moments.Restore(state, source);
    }

    public void Dispose() => _rows.Dispose();
}
