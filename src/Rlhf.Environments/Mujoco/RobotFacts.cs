using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco;

/// <summary>Everything about a robot's task that is a number or a word.</summary>
internal sealed record RobotFacts
{
    public required string Id { get; init; }

    /// <summary>mj_steps a step of the agent.</summary>
    public required int FrameSkip { get; init; }

    public required int PaperHorizon { get; init; }

    public required int StandardHorizon { get; init; }

    public required int ClipLength { get; init; }

    public required int FramesPerSecond { get; init; }

    /// <summary>nq, nv and nu of its model.</summary>
    public required (int Positions, int Velocities, int Actuators) Shape { get; init; }

    public required int ObservationLength { get; init; }

    public required string Instructions { get; init; }

    public required SceneCamera Camera { get; init; }

    public SceneGround Ground { get; init; } = SceneGround.Line;
}
