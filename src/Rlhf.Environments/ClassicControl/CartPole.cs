using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.ClassicControl;

/// <summary>
/// A pole on a cart that is pushed left or right (Barto, Sutton and Anderson 1983, as Gymnasium integrates it: explicit Euler, 0.02 s). State and
/// observation: x, ẋ, θ, θ̇. Standard: 1 a step until |x| exceeds 2.4 or |θ| 12°, 500 steps. Paper: 1 − θ² − 0.1 x² with θ within ±π, 100 steps.
/// </summary>
internal sealed class CartPole : IEnvironment
{
    public const string Id = "cartpole";
    private const double Gravity = 9.8, CartMass = 1, PoleMass = 0.1, HalfLength = 0.5, Force = 10, Tau = 0.02, Track = 2.4;
    private readonly double[] _state = new double[4];
    private readonly bool _paper;
    private readonly double _limit;
    private int _steps;
    private bool _running;

    public CartPole(EnvironmentOptions options)
    {
        _paper = options.Form == TaskForm.Paper;
        _limit = options.TerminationAngle ?? 12 * Math.PI / 180;
        Spec = new EnvironmentSpec
        {
            Id = Id,
            ObservationShape = [4],
            Actions = ActionSpace.Discrete(2),
            Horizon = options.HorizonOr(_paper ? 100 : 500),
            ClipLength = 40,
            FramesPerSecond = 25,
            Instructions = "Balance the pole: better is the clip in which it points up more, with the cart near the middle.",
            StateLength = 4,
            PoseLength = 3 * SceneWriter.FloatsPerShape,
            Scene = SceneWriter.Write(SceneCamera.FixedSide(0.5, 3.2), SceneGround.None,
                [new("rail", 0.02, "#8c949e"), new("cart", 0.12, "#29598c"), new("pole", 0.05, "#d97a2e")]),
        };
    }

    public EnvironmentSpec Spec { get; }

    public void Reset(ulong seed, Span<float> observation)
    {
        var random = new EpisodeRandom(seed);
        Array.Clear(_state);
        random.Shake(_state, 0.05);
        _steps = 0;
        _running = true;
        Observe(observation);
    }

    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        if (!_running)
            throw new InvalidOperationException($"a step of {Id} outside an episode: Reset begins one");
        double force = Actions.Index(Spec, action) == 1 ? Force : -Force;
        var (x, speed, angle, turning) = (_state[0], _state[1], _state[2], _state[3]);
        double sine = Math.Sin(angle), cosine = Math.Cos(angle);
        double push = (force + (PoleMass * HalfLength * turning * turning * sine)) / (CartMass + PoleMass);
        double angular = ((Gravity * sine) - (cosine * push)) / (HalfLength * ((4.0 / 3) - (PoleMass * cosine * cosine / (CartMass + PoleMass))));
        double linear = push - (PoleMass * HalfLength * angular * cosine / (CartMass + PoleMass));
        _state[0] = x + (Tau * speed);
        _state[1] = speed + (Tau * linear);
        _state[2] = angle + (Tau * turning);
        _state[3] = turning + (Tau * angular);
        Observe(observation);
        bool failed = Math.Abs(_state[0]) > Track || Math.Abs(_state[2]) > _limit;
        double upright = Math.IEEERemainder(_state[2], 2 * Math.PI);
        double reward = _paper ? 1 - (upright * upright) - (0.1 * _state[0] * _state[0]) : 1;
        bool terminated = failed && !_paper, truncated = !terminated && ++_steps >= Spec.Horizon;
        _running = !terminated && !truncated;
        return new StepResult((float)reward, terminated, truncated);
    }

    public void CaptureState(Span<double> state) => _state.CopyTo(state);

    public void CapturePose(Span<float> pose)
    {
        float x = (float)_state[0];
        float tipX = (float)(_state[0] + (2 * HalfLength * Math.Sin(_state[2]))), tipZ = (float)(2 * HalfLength * Math.Cos(_state[2]));
        ReadOnlySpan<float> numbers = [-(float)Track, 0, 0, (float)Track, 0, 0, x - 0.1f, 0, 0, x + 0.1f, 0, 0, x, 0, 0, tipX, 0, tipZ];
        numbers.CopyTo(pose);
    }

    public void Dispose()
    {
    }

    private void Observe(Span<float> observation)
    {
        for (int i = 0; i < _state.Length; i++)
            observation[i] = (float)_state[i];
    }
}
