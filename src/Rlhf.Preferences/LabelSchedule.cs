namespace Rlhf.Preferences;

/// <summary>
/// How many labels a run shall have had by environment step T (Christiano et al. 2017, appendix A): L(T) = L₀ + (L − L₀)·G(T)/G(Tmax), where
/// G is the integral of the rate: ln(1 + T/c) for the paper's c/(T + c).
/// </summary>
public sealed record LabelSchedule
{
    /// <summary>c of the robotics tasks, environment steps.</summary>
    public const double RoboticsScale = 2e6;

    /// <summary>c of Atari, frames: <see cref="Scale"/> is this over the frames of a step.</summary>
    public const double PixelScale = 5e6;

    private const double RoboticsInitialShare = 0.25;
    private const int PixelInitial = 500;

    /// <summary>L: labels by <see cref="Horizon"/>.</summary>
    public required int Total { get; init; }

    /// <summary>L₀: labels of clips by the untrained policy, wanted at step 0.</summary>
    public required int Initial { get; init; }

    /// <summary>Tmax, environment steps: where <see cref="Total"/> is reached.</summary>
    public required long Horizon { get; init; }

    /// <summary>c, environment steps: the hyperbolic rate has halved by then. Default 2·10⁶.</summary>
    public double Scale { get; init; } = RoboticsScale;

    /// <summary>How the rate falls. Default as in the paper.</summary>
    public LabelRate Rate { get; init; } = LabelRate.Hyperbolic;

    /// <summary>The paper's for robots: a quarter at the start, c = 2·10⁶.</summary>
    public static LabelSchedule Robotics(int total, long horizon) =>
        new() { Total = total, Initial = (int)Math.Round(total * RoboticsInitialShare), Horizon = horizon };

    /// <summary>The paper's for Atari: 500 labels at the start (all, where fewer are wanted), c = 5·10⁶ frames.</summary>
    /// <param name="total">L.</param>
    /// <param name="horizon">Tmax, environment steps.</param>
    /// <param name="framesPerStep">Frames an action is held for.</param>
    public static LabelSchedule Pixels(int total, long horizon, int framesPerStep = 4) =>
        new() { Total = total, Initial = Math.Min(total, PixelInitial), Horizon = horizon, Scale = PixelScale / framesPerStep };

    /// <summary>L(T): never falls, <see cref="Initial"/> at 0, <see cref="Total"/> from <see cref="Horizon"/> on.</summary>
    /// <param name="steps">T, environment steps.</param>
    /// <exception cref="ArgumentException">The schedule's own numbers do not go together.</exception>
    public int LabelsAt(long steps)
    {
        Validate();
        if (steps >= Horizon)
            return Total;
        double share = Integral(Math.Max(0, steps)) / Integral(Horizon);
        return Initial + (int)Math.Floor((Total - Initial) * share);
    }

    private double Integral(double steps) => Rate switch
    {
        LabelRate.Hyperbolic => double.LogP1(steps / Scale),
        LabelRate.InverseQuadratic => Math.Atan(steps / Scale),
        LabelRate.Constant => steps,
        _ => throw new ArgumentException($"label schedule: rate {Rate}, expected Hyperbolic, InverseQuadratic or Constant"),
    };

    private void Validate()
    {
        if (Total < 0 || Initial < 0 || Initial > Total)
            throw new ArgumentException($"label schedule: {Initial} of {Total} labels at the start, expected 0 to {Math.Max(0, Total)}");
        if (Horizon < 1)
            throw new ArgumentException($"label schedule: horizon {Horizon}, expected 1 or more");
        if (!(Scale > 0))
            throw new ArgumentException($"label schedule: scale {Scale}, expected above 0");
    }
}
