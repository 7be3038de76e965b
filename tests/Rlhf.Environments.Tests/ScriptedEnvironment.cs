namespace Rlhf.Environments.Tests;

/// <summary>Counts its steps; the observation is (episode's seed folded, step). Ends, breaks or throws at the steps it is told.</summary>
internal sealed class ScriptedEnvironment : IEnvironment
{
    private int _step;

    public int TerminateAt { get; init; } = int.MaxValue;

    public int NanAt { get; init; } = int.MaxValue;

    public int ThrowAt { get; init; } = int.MaxValue;

    public bool Disposed { get; private set; }

    public EnvironmentSpec Spec { get; init; } = new()
    {
        Id = "scripted",
        ObservationShape = [2],
        Actions = ActionSpace.Box(1),
        Horizon = 5,
        ClipLength = 2,
        FramesPerSecond = 1,
        Instructions = "none",
    };

    public void Reset(ulong seed, Span<float> observation)
    {
        _step = 0;
        observation[0] = seed % 65536;
        observation[1] = 0;
    }

    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        _step++;
        if (_step == ThrowAt)
            throw new InvalidOperationException("scripted to throw");
        observation[1] = _step == NanAt ? float.NaN : _step;
        return new StepResult(action[0], _step == TerminateAt, _step >= Spec.Horizon && _step != TerminateAt);
    }

    public void CaptureState(Span<double> state)
    {
    }

    public void CapturePose(Span<float> pose)
    {
    }

    public void Dispose() => Disposed = true;
}
