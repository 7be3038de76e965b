namespace Rlhf.Environments.Gymnasium;

/// <summary>An environment of Gymnasium as it is.</summary>
internal sealed class GymnasiumEnvironment : IEnvironment, IDivergenceReason
{
    private readonly GymnasiumProcess _process;
    private readonly byte[] _raw;
    private int _steps;

    /// <summary>Takes the process over.</summary>
    public GymnasiumEnvironment(GymnasiumProcess process, int? horizon)
    {
        if (horizon is <= 0)
            throw new ArgumentException($"the horizon of environment '{process.Id}' is {horizon}, expected at least 1");
        _process = process;
        _raw = new byte[process.Layout.Bytes];

        // A clip lasts 1.5 s as in the paper, played at 10 to 40 steps a second: a simulation's own rate may be far higher.
        int rate = Math.Clamp((int)Math.Round(process.FramesPerSecond ?? 20), 10, 40);
        Spec = new EnvironmentSpec
        {
            Id = process.Id,
            ObservationShape = process.Layout.Shape,
            Actions = process.Actions,
            Horizon = horizon ?? process.MaxSteps ?? 1000,
            ClipLength = rate * 3 / 2,
            FramesPerSecond = rate,
            Instructions = GymnasiumBridge.Instructions(process.Id),
        };
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <inheritdoc/>
    public string? DivergenceReason { get; private set; }

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _process.Reset(seed);
        _steps = 0;
        _process.ReadObservation(_raw);
        if (!_process.Layout.Convert(_raw, observation))
            throw _process.Fail("began an episode with an observation that is not finite");
    }

    /// <inheritdoc/>
    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        GymnasiumReply reply = _process.Step(action);
        _steps++;
        _process.ReadObservation(_raw);
        bool finite = _process.Layout.Convert(_raw, observation);
        if (!finite || !double.IsFinite(reply.Reward))
        {
            DivergenceReason = finite ? $"the reward was {reply.Reward}" : "the observation was not finite";
            return new StepResult(0, Terminated: true, Truncated: false, Diverged: true);
        }

        return new StepResult((float)reply.Reward, reply.Terminated, reply.Truncated || (!reply.Terminated && _steps >= Spec.Horizon));
    }

    /// <inheritdoc/>
    public void CaptureState(Span<double> state)
    {
    }

    /// <inheritdoc/>
    public void CapturePose(Span<float> pose)
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();
}
