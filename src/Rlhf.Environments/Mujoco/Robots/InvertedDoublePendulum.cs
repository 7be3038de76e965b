using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// Two poles on each other on a cart. Observation: x, sines and cosines of both hinges, velocities within ±10. Standard:
/// 10 − 0.01 x² − (z − 2)² − 10⁻³ θ̇₁² − 5·10⁻³ θ̇₂², x and z of the upper pole's tip, until z ≤ 1; the 10 are for a tip above that. Paper: the
/// same with 10 (z − 1) in place of the end, 50 steps.
/// </summary>
internal sealed class InvertedDoublePendulum(EnvironmentOptions options, int tip) : IRobot
{
    public const string Id = "inverted-double-pendulum";
    private const double VelocityLimit = 10, Alive = 10, LowestTip = 1;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 5,
        PaperHorizon = 50,
        StandardHorizon = 1000,
        ClipLength = 15,
        FramesPerSecond = 10,
        Shape = (3, 3, 1),
        ObservationLength = 8,
        Instructions = "Balance both poles: better is the clip in which both point up more, with the cart near the centre.",
        Camera = SceneCamera.FixedSide(0.2, 3),
        Ground = SceneGround.None,
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        random.Shake(positions, 0.1);
        random.ShakeNormal(velocities, 0.1);
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        ReadOnlySpan<double> q = simulation.Positions;
        var writer = new ObservationWriter(observation);
        writer.Add(q[0]);
        writer.Add(Math.Sin(q[1]));
        writer.Add(Math.Sin(q[2]));
        writer.Add(Math.Cos(q[1]));
        writer.Add(Math.Cos(q[2]));
        writer.AddClipped(simulation.Velocities, VelocityLimit);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        ReadOnlySpan<double> at = simulation.SitePosition(tip), v = simulation.Velocities;
        double x = at[0], z = at[2];
        double cost = (0.01 * x * x) + ((z - 2) * (z - 2)) + (1e-3 * v[1] * v[1]) + (5e-3 * v[2] * v[2]);
        if (options.Form == TaskForm.Paper)
            return (Alive - cost + (10 * (z - LowestTip)), false);
        bool fallen = z <= LowestTip;
        return ((fallen ? 0 : Alive) - cost, fallen);
    }
}
