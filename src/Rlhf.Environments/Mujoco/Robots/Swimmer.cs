using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// Three links in a viscous fluid, seen from above, that swim to the right. Observation: heading and joints, velocities. Paper: ẋ. Standard:
/// ẋ − 10⁻⁴ Σa². Neither ends an episode early.
/// </summary>
internal sealed class Swimmer(EnvironmentOptions options) : IRobot
{
    public const string Id = "swimmer";
    private const double StepSeconds = 0.04;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 4,
        PaperHorizon = 1000,
        StandardHorizon = 1000,
        ClipLength = 60,
        FramesPerSecond = 40,
        Shape = (5, 5, 2),
        ObservationLength = 8,
        Instructions = "Swim to the right: better is the clip in which the centre of the robot moves to the right faster.",
        Camera = SceneCamera.Top(5, follow: true),
        Ground = SceneGround.Grid,
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        random.Shake(positions, 0.1);
        random.Shake(velocities, 0.1);
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        var writer = new ObservationWriter(observation);
        writer.Add(simulation.Positions[2..]);
        writer.Add(simulation.Velocities);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        double speed = (simulation.Positions[0] - before[0]) / StepSeconds;
        return (speed - (options.Form == TaskForm.Paper ? 0 : 1e-4 * effort), false);
    }
}
