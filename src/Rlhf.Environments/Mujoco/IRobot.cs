namespace Rlhf.Environments.Mujoco;

/// <summary>A task on a model: where episodes begin, what the agent sees, what its steps are worth.</summary>
internal interface IRobot
{
    RobotFacts Facts { get; }

    /// <summary>Moves the model's initial state, as a reset left it, to where this episode begins.</summary>
    void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random);

    /// <summary>Writes the observation of the simulation's state.</summary>
    void Observe(MujocoSimulation simulation, Span<float> observation);

    /// <summary>The reward of a step and whether it ended the episode.</summary>
    /// <param name="simulation">The state after the step.</param>
    /// <param name="before">[nq] positions before it.</param>
    /// <param name="effort">Sum of the squared controls.</param>
    (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort);
}
