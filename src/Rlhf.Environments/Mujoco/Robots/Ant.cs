using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco.Robots;

/// <summary>
/// Four legs around a ball that walk to the right. Observation: positions without x and y, velocities. Paper: ẋ + (z − 1.2), z the ball's height.
/// Standard: ẋ + 1 − 0.5 Σa², ended when z leaves 0.2 … 1 m; contact forces are neither seen nor paid for.
/// </summary>
internal sealed class Ant(EnvironmentOptions options) : IRobot
{
    public const string Id = "ant";
    private const double StepSeconds = 0.05;

    // Standing, a little above the ground: what the model has at zero is four stretched legs in the air, and feet that begin inside the ground
    // throw the robot out of its bounds. So the joints are shaken, and the ball hardly.
    private const double StandingHeight = 0.65, StandingKnee = 1, JointShake = 0.1, TiltShake = 0.02;

    public RobotFacts Facts { get; } = new()
    {
        Id = Id,
        FrameSkip = 5,
        PaperHorizon = 1000,
        StandardHorizon = 1000,
        ClipLength = 30,
        FramesPerSecond = 20,
        Shape = (15, 14, 8),
        ObservationLength = 27,
        Instructions = "Standing upright comes first: where only one robot does, it is better. Otherwise prefer the higher one, then the one that moves "
            + "to the right faster.",
        Camera = SceneCamera.Oblique(0.4, 3),
        Ground = SceneGround.Grid,
    };

    public void Place(Span<double> positions, Span<double> velocities, ref EpisodeRandom random)
    {
        positions[2] = StandingHeight;
        // Behind the ball's seven numbers: hip, knee of each leg. The knees' axes make two of them bend the other way.
        for (int leg = 0; leg < 4; leg++)
            positions[8 + (2 * leg)] = leg is 0 or 3 ? StandingKnee : -StandingKnee;
        random.Shake(positions[3..7], TiltShake);
        random.Shake(positions[7..], JointShake);
        random.ShakeNormal(velocities, 0.1);
    }

    public void Observe(MujocoSimulation simulation, Span<float> observation)
    {
        var writer = new ObservationWriter(observation);
        writer.Add(simulation.Positions[2..]);
        writer.Add(simulation.Velocities);
    }

    public (double Reward, bool Terminated) Judge(MujocoSimulation simulation, ReadOnlySpan<double> before, double effort)
    {
        double speed = (simulation.Positions[0] - before[0]) / StepSeconds, height = simulation.Positions[2];
        if (options.Form == TaskForm.Paper)
            return (speed + (height - 1.2), false);
        bool fallen = height is < 0.2 or > 1;
        return (speed + (fallen ? 0 : 1) - (0.5 * effort), fallen);
    }
}
