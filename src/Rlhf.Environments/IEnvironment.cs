namespace Rlhf.Environments;

/// <summary>
/// One world with one agent. Everything random in an episode is a function of the seed given to <see cref="Reset"/>: the same seed and
/// actions give the same bits.
/// </summary>
/// <remarks>One thread at a time; different environments may run side by side.</remarks>
public interface IEnvironment : IDisposable
{
    /// <summary>Shapes, limits, and what a person has to know of the task.</summary>
    EnvironmentSpec Spec { get; }

    /// <summary>Begins an episode.</summary>
    /// <param name="seed">Decides everything random in the episode.</param>
    /// <param name="observation">[<see cref="EnvironmentSpec.ObservationLength"/>] result: the first observation.</param>
    void Reset(ulong seed, Span<float> observation);

    /// <summary>One step of the agent, which may be several of the simulation (frame skip).</summary>
    /// <param name="action">[<see cref="ActionSpace.Length"/>] a box's coordinates, clipped to its bounds here; or the index of a discrete action.</param>
    /// <param name="observation">[<see cref="EnvironmentSpec.ObservationLength"/>] result: what follows the action.</param>
    StepResult Step(ReadOnlySpan<float> action, Span<float> observation);

    /// <summary>[<see cref="EnvironmentSpec.StateLength"/>] the simulation's state (positions, velocities), from which the moment can be drawn again.</summary>
    void CaptureState(Span<double> state);

    /// <summary>[<see cref="EnvironmentSpec.PoseLength"/>] what a clip needs of this moment to be drawn with <see cref="EnvironmentSpec.Scene"/>.</summary>
    void CapturePose(Span<float> pose);
}
