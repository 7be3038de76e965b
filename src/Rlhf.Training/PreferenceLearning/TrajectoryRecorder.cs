using Rlhf.Environments;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>Captures state and pose of each step while the policy acts, so that clips can be drawn later.</summary>
internal sealed class TrajectoryRecorder(EnvironmentSpec spec) : IRolloutObserver
{
    private double[] _states = [];
    private float[] _poses = [];

    /// <summary>[T·N, state] of the last rollout.</summary>
    public ReadOnlySpan<double> States => _states;

    /// <summary>[T·N, pose] of the last rollout.</summary>
    public ReadOnlySpan<float> Poses => _poses;

    public void Acting(ControlRollout rollout, int step, VectorEnvironment environments)
    {
        int states = rollout.Count * spec.StateLength, poses = rollout.Count * spec.PoseLength;
        if (_states.Length != states || _poses.Length != poses)
            (_states, _poses) = (new double[states], new float[poses]);
        for (int n = 0; n < environments.Count; n++)
        {
            int row = (step * environments.Count) + n;
            environments[n].CaptureState(_states.AsSpan(row * spec.StateLength, spec.StateLength));
            environments[n].CapturePose(_poses.AsSpan(row * spec.PoseLength, spec.PoseLength));
        }
    }

    public void Acted(ControlRollout rollout, int step)
    {
    }
}
