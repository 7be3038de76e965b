using Rlhf.Environments;
using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Tests.PreferenceLearning;

/// <summary>
/// A point on a line that an action pushes; the true reward is how near it is to 1. Learned in a few thousand steps, and as fast as nothing.
/// </summary>
/// <param name="horizon">Steps after which an episode is cut.</param>
/// <param name="life">Steps after which it ends.</param>
internal sealed class ChainEnvironment(int horizon = 40, int life = int.MaxValue) : IEnvironment
{
    private float _place, _speed;
    private int _step;

    public EnvironmentSpec Spec { get; } = Toy.Spec with { Id = "chain", Horizon = horizon };

    public static VectorEnvironment Many(int count, ulong seed, int horizon = 40, int life = int.MaxValue) =>
        new([.. Enumerable.Range(0, count).Select(_ => new ChainEnvironment(horizon, life))], threads: 1, seed);

    public void Reset(ulong seed, Span<float> observation)
    {
        (_place, _speed, _step) = ((4 * Philox.Uniform(seed, 0, 0)) - 2, 0, 0);
        Observe(observation);
    }

    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        _speed = (0.5f * _speed) + (0.2f * Math.Clamp(action[0], -1, 1));
        _place = Math.Clamp(_place + _speed, -3, 3);
        _step++;
        Observe(observation);
        return new StepResult(-Math.Abs(_place - 1), Terminated: _step >= life, Truncated: _step < life && _step >= Spec.Horizon);
    }

    public void CaptureState(Span<double> state) => state[0] = _place;

    public void CapturePose(Span<float> pose) => pose[0] = _place;

    public void Dispose()
    {
    }

    private void Observe(Span<float> observation) => (observation[0], observation[1]) = (_place, _speed);
}
