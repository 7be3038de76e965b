using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// A pole on a cart that is pushed along a rail. Observation: x, θ, ẋ, θ̇. Paper: 1 − θ² for 25 steps. Standard: 1 a step until |θ| exceeds
/// 0.2 rad.
/// </summary>
internal sealed class InvertedPendulum(EnvironmentOptions options) : IRobot
{
    public const string Id = "inverted-pendulum";
    private readonly double _limit = options.TerminationAngle ?? 0.2;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 2,
        PaperHorizon = 25,
        StandardHorizon = 1000,
        ClipLength = 15,
        FramesPerSecond = 10,
        Shape = (2, 2, 1),
        ObservationLength = 4,
        Instructions = "Balance the pole: better is the clip in which it points up more. If it leaves the picture in both, you can't tell.",
        Camera = SceneCamera.FixedSide(0.1, 2),
        Ground = SceneGround.None,
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        random.Shake(positions, 0.01);
        random.Shake(velocities, 0.01);
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        var writer = new ObservationWriter(observation);
        writer.Add(simulation.Positions);
        writer.Add(simulation.Velocities);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        double angle = simulation.Positions[1];
        if (options.Form == TaskForm.Paper)
            return (1 - (angle * angle), false);
        bool fallen = Math.Abs(angle) > _limit;
        return (fallen ? 0 : 1, fallen);
    }
}
