using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// Two legs that walk to the right. Observation: positions without x, velocities within ±10. Paper: ẋ + 1 + (z − 2), z the trunk's height.
/// Standard: ẋ + 1 − 10⁻³ Σa², ended when z leaves 0.8 … 2 m or the trunk leans 1 rad.
/// </summary>
internal sealed class Walker(EnvironmentOptions options) : IRobot
{
    public const string Id = "walker";
    private const double StepSeconds = 0.008, VelocityLimit = 10;
    private readonly double _leaning = options.TerminationAngle ?? 1;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 4,
        PaperHorizon = 1000,
        StandardHorizon = 1000,
        ClipLength = 45,
        FramesPerSecond = 30,
        Shape = (9, 9, 6),
        ObservationLength = 17,
        Instructions = "Move the centre of the robot to the right: the clip in which it gets further is better. Where that is about equal, the higher one is.",
        Camera = SceneCamera.Side(0.9, 2.2),
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        random.Shake(positions, 0.005);
        random.Shake(velocities, 0.005);
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        var writer = new ObservationWriter(observation);
        writer.Add(simulation.Positions[1..]);
        writer.AddClipped(simulation.Velocities, VelocityLimit);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        double speed = (simulation.Positions[0] - before[0]) / StepSeconds, height = simulation.Positions[1];
        if (options.Form == TaskForm.Paper)
            return (speed + 1 + (height - 2), false);
        bool fallen = height is <= 0.8 or >= 2 || Math.Abs(simulation.Positions[2]) >= _leaning;
        return (speed + (fallen ? 0 : 1) - (1e-3 * effort), fallen);
    }
}
