using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// Two legs under a flat body, running to the right. Observation: positions without x, velocities. Paper: ẋ. Standard: ẋ − 0.1 Σa². Neither ends
/// an episode early.
/// </summary>
internal sealed class HalfCheetah(EnvironmentOptions options) : IRobot
{
    public const string Id = "half-cheetah";
    private const double StepSeconds = 0.05;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 5,
        PaperHorizon = 1000,
        StandardHorizon = 1000,
        ClipLength = 30,
        FramesPerSecond = 20,
        Shape = (9, 9, 6),
        ObservationLength = 17,
        Instructions = "Run to the right: better is the clip in which the robot moves to the right faster.",
        Camera = SceneCamera.Side(0.7, 2.2),
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        random.Shake(positions, 0.1);
        random.ShakeNormal(velocities, 0.1);
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        var writer = new ObservationWriter(observation);
        writer.Add(simulation.Positions[1..]);
        writer.Add(simulation.Velocities);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        double speed = (simulation.Positions[0] - before[0]) / StepSeconds;
        return (speed - (options.Form == TaskForm.Paper ? 0 : 0.1 * effort), false);
    }
}
