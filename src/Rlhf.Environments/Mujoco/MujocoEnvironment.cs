namespace Rlhf.Environments.Mujoco;

/// <summary>A robot's task in MuJoCo. Its state is qpos, then qvel.</summary>
/// <remarks>
/// Physics that diverged ends the episode: MuJoCo would go on from a reset state. An error of MuJoCo ends it too, and the next episode runs in a
/// new simulation.
/// </remarks>
internal sealed class MujocoEnvironment : IEnvironment, IDivergenceReason
{
    private readonly MujocoModel _model;
    private readonly IRobot _robot;
    private readonly MujocoScene _scene;
    private readonly double[] _before;
    private readonly float[] _lastObservation;
    private MujocoSimulation _simulation;
    private bool _running, _broken;
    private int _steps;

    /// <param name="model">Shared; not disposed here.</param>
    /// <param name="robot">The task.</param>
    /// <param name="horizon">Steps after which an episode is truncated.</param>
    public MujocoEnvironment(MujocoModel model, IRobot robot, int horizon)
    {
        RobotFacts facts = robot.Facts;
        if ((model.Positions, model.Velocities, model.Actuators) is var shape && shape != facts.Shape)
            throw new MujocoException($"a model for {facts.Id} has (nq, nv, nu) = {shape}, expected {facts.Shape}");
        _model = model;
        _robot = robot;
        _scene = new MujocoScene(model, facts.Camera, facts.Ground);
        _before = new double[model.Positions];
        _lastObservation = new float[facts.ObservationLength];
        _simulation = new MujocoSimulation(model);
        float[] low = new float[model.Actuators], high = new float[model.Actuators];
        for (int i = 0; i < model.Actuators; i++)
            (low[i], high[i]) = ((float)model.ControlRange[2 * i], (float)model.ControlRange[(2 * i) + 1]);
        Spec = new EnvironmentSpec
        {
            Id = facts.Id,
            ObservationShape = [facts.ObservationLength],
            Actions = ActionSpace.Box(low, high),
            Horizon = horizon,
            ClipLength = facts.ClipLength,
            FramesPerSecond = facts.FramesPerSecond,
            Instructions = facts.Instructions,
            StateLength = model.Positions + model.Velocities,
            PoseLength = _scene.PoseLength,
            Scene = _scene.Text,
        };
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <inheritdoc/>
    public string? DivergenceReason { get; private set; }

    /// <summary>For tests, which need states that no policy reaches, and for benchmarks of the physics alone.</summary>
    internal MujocoSimulation Simulation => _simulation;

    /// <summary>mj_steps of one step.</summary>
    internal int FrameSkip => _robot.Facts.FrameSkip;

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        if (_broken)
        {
            _simulation.Dispose();
            _simulation = new MujocoSimulation(_model);
            _broken = false;
        }

        var random = new EpisodeRandom(seed);
        _simulation.Reset();
        _robot.Place(_simulation.Positions, _simulation.Velocities, ref random);
        _simulation.Forward();
        _robot.Observe(_simulation, observation);
        observation.CopyTo(_lastObservation);
        _steps = 0;
        _running = true;
    }

    /// <inheritdoc/>
    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        if (!_running)
            throw new InvalidOperationException($"a step of {Spec.Id} outside an episode: Reset begins one");
        double effort = SetControls(action);
        _simulation.Positions.CopyTo(_before);
        if (Advance() is { } reason)
            return Diverge(reason, observation);
        _robot.Observe(_simulation, observation);
        var (reward, terminated) = _robot.Judge(_simulation, _before, effort);
        if (!double.IsFinite(reward) || !IsFinite(observation))
            return Diverge("a number of the observation or the reward is not finite", observation);
        observation.CopyTo(_lastObservation);
        bool truncated = !terminated && ++_steps >= Spec.Horizon;
        _running = !terminated && !truncated;
        return new StepResult((float)reward, terminated, truncated);
    }

    /// <inheritdoc/>
    public void CaptureState(Span<double> state)
    {
        _simulation.Positions.CopyTo(state);
        _simulation.Velocities.CopyTo(state[_model.Positions..]);
    }

    /// <inheritdoc/>
    public void CapturePose(Span<float> pose) => _scene.Capture(_simulation, pose);

    /// <inheritdoc/>
    public void Dispose() => _simulation.Dispose();

    private double SetControls(ReadOnlySpan<float> action)
    {
        Span<double> controls = _simulation.Controls;
        double effort = 0;
        for (int i = 0; i < controls.Length; i++)
        {
            controls[i] = Actions.Clip(Spec, action, i);
            effort += controls[i] * controls[i];
        }

        return effort;
    }

    private string? Advance()
    {
        try
        {
            return _simulation.Step(_robot.Facts.FrameSkip);
        }
        catch (MujocoException e)
        {
            _broken = true;
            return e.Message;
        }
    }

    private StepResult Diverge(string reason, Span<float> observation)
    {
        DivergenceReason = reason;
        _lastObservation.CopyTo(observation);
        _running = false;
        return new StepResult(0, Terminated: true, Truncated: false, Diverged: true);
    }

    private static bool IsFinite(ReadOnlySpan<float> numbers)
    {
        foreach (float number in numbers)
        {
            if (!float.IsFinite(number))
                return false;
        }

        return true;
    }
}
