using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.ClassicControl;

/// <summary>
/// A rod that hangs and is to be swung up and held by a motor that is too weak to lift it at once (Gymnasium's Pendulum-v1: 1 kg, 1 m, g = 10,
/// 0.05 s). State: θ (0 is up), θ̇. Observation: cos θ, sin θ, θ̇. Standard: −θ² − 0.1 θ̇² − 0.001 u², θ within ±π. Paper: without the last
/// term. 200 steps either way.
/// </summary>
internal sealed class Pendulum : IEnvironment
{
    public const string Id = "pendulum";
    private const double Gravity = 10, Tau = 0.05, MaxSpeed = 8, MaxTorque = 2;
    private readonly double _effort;
    private double _angle, _speed;
    private int _steps;
    private bool _running;

    public Pendulum(EnvironmentOptions options)
    {
        _effort = options.Form == TaskForm.Paper ? 0 : 0.001;
        Spec = new EnvironmentSpec
        {
            Id = Id,
            ObservationShape = [3],
            Actions = ActionSpace.Box(1, -(float)MaxTorque, (float)MaxTorque),
            Horizon = options.HorizonOr(200),
            ClipLength = 25,
            FramesPerSecond = 20,
            Instructions = "Swing the rod up and keep it there: better is the clip in which it points up more.",
            StateLength = 2,
            PoseLength = 2 * SceneWriter.FloatsPerShape,
            Scene = SceneWriter.Write(SceneCamera.FixedSide(0, 2.6), SceneGround.None, [new("rod", 0.08, "#d97a2e"), new("axle", 0.1, "#29598c")]),
        };
    }

    public EnvironmentSpec Spec { get; }

    public void Reset(ulong seed, Span<float> observation)
    {
        var random = new EpisodeRandom(seed);
        _angle = random.Uniform(-Math.PI, Math.PI);
        _speed = random.Uniform(-1, 1);
        _steps = 0;
        _running = true;
        Observe(observation);
    }

    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        if (!_running)
            throw new InvalidOperationException($"a step of {Id} outside an episode: Reset begins one");
        double torque = Actions.Clip(Spec, action, 0);
        double fromUp = Math.IEEERemainder(_angle, 2 * Math.PI);
        double cost = (fromUp * fromUp) + (0.1 * _speed * _speed) + (_effort * torque * torque);
        _speed = Math.Clamp(_speed + (Tau * ((1.5 * Gravity * Math.Sin(_angle)) + (3 * torque))), -MaxSpeed, MaxSpeed);
        _angle += Tau * _speed;
        Observe(observation);
        bool truncated = ++_steps >= Spec.Horizon;
        _running = !truncated;
        return new StepResult((float)-cost, Terminated: false, truncated);
    }

    public void CaptureState(Span<double> state)
    {
        state[0] = _angle;
        state[1] = _speed;
    }

    public void CapturePose(Span<float> pose)
    {
        ReadOnlySpan<float> numbers = [0, 0, 0, (float)Math.Sin(_angle), 0, (float)Math.Cos(_angle), 0, 0, 0, 0, 0, 0];
        numbers.CopyTo(pose);
    }

    public void Dispose()
    {
    }

    private void Observe(Span<float> observation)
    {
        observation[0] = (float)Math.Cos(_angle);
        observation[1] = (float)Math.Sin(_angle);
        observation[2] = (float)_speed;
    }
}
