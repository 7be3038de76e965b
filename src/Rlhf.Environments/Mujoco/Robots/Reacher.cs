using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// An arm of two links, seen from above, whose fingertip is to stay at a target. Observation: cosines and sines of the joints, target, joint
/// velocities, vector from target to fingertip. Paper: −distance. Standard: −distance − Σa².
/// </summary>
/// <remarks>The vector is in the observation because a small reward model does not find it from 700 comparisons.</remarks>
internal sealed class Reacher(EnvironmentOptions options, int fingertip) : IRobot
{
    public const string Id = "reacher";
    private const double TargetRadius = 0.2;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 2,
        PaperHorizon = 50,
        StandardHorizon = 50,
        ClipLength = 15,
        FramesPerSecond = 10,
        Shape = (4, 4, 2),
        ObservationLength = 10,
        Instructions = "Keep the green fingertip near the red target. Staying at a middling distance is better than being near and then far.",
        Camera = SceneCamera.Top(0.5, follow: false),
        Ground = SceneGround.None,
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        random.Shake(positions[..2], 0.1);
        random.Shake(velocities[..2], 0.005);
        double x, y;
        do
        {
            x = random.Uniform(-TargetRadius, TargetRadius);
            y = random.Uniform(-TargetRadius, TargetRadius);
        }
        while ((x * x) + (y * y) >= TargetRadius * TargetRadius);
        positions[2] = x;
        positions[3] = y;
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        ReadOnlySpan<double> q = simulation.Positions;
        var (dx, dy) = FromTarget(simulation);
        var writer = new ObservationWriter(observation);
        writer.Add(Math.Cos(q[0]));
        writer.Add(Math.Cos(q[1]));
        writer.Add(Math.Sin(q[0]));
        writer.Add(Math.Sin(q[1]));
        writer.Add(q[2..]);
        writer.Add(simulation.Velocities[..2]);
        writer.Add(dx);
        writer.Add(dy);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        var (dx, dy) = FromTarget(simulation);
        double distance = Math.Sqrt((dx * dx) + (dy * dy));
        return (-distance - (options.Form == TaskForm.Paper ? 0 : effort), false);
    }

    private (double X, double Y) FromTarget(MujocoSimulation simulation)
    {
        ReadOnlySpan<double> at = simulation.SitePosition(fingertip), q = simulation.Positions;
        return (at[0] - q[2], at[1] - q[3]);
    }
}
