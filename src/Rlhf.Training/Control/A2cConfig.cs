namespace Rlhf.Training.Control;

/// <summary>
/// Settings of <see cref="A2cTrainer"/>; defaults are openai/baselines', which are Christiano et al. 2017's for Atari (A.2), read as
/// RMSProp where the paper says Adam: α 0.99 and ε 1e-5 are RMSProp's.
/// </summary>
public sealed record A2cConfig
{
    /// <summary>Environment steps of the whole run, all environments together. Default 10,000,000.</summary>
    public long TotalSteps { get; init; } = 10_000_000;

    /// <summary>Steps of each environment an update (n). Default 5.</summary>
    public int StepsPerUpdate { get; init; } = 5;

    /// <summary>Learning rate of the first update. Default 7e-4.</summary>
    public double LearningRate { get; init; } = 7e-4;

    /// <summary>Environment steps after which the learning rate is 0. Default 0: <see cref="TotalSteps"/>; the paper: 80 M of which it runs 50 M.</summary>
    public long ScheduleSteps { get; init; }

    /// <summary>γ. Default 0.99.</summary>
    public double Gamma { get; init; } = 0.99;

    /// <summary>λ of GAE. Default 1: n-step returns.</summary>
    public double Lambda { get; init; } = 1;

    /// <summary>Weight of the policy's entropy. Default 0.01.</summary>
    public double EntropyCoef { get; init; } = 0.01;

    /// <summary>Weight of the mean squared error of the value. Default 0.5; rl-baselines3-zoo on Atari: 0.25.</summary>
    public double ValueCoef { get; init; } = 0.5;

    /// <summary>Norm above which all gradients together are scaled down. Default 0.5.</summary>
    public double MaxGradNorm { get; init; } = 0.5;

    /// <summary>RMSProp's decay of mean squares. Default 0.99.</summary>
    public double RmsPropDecay { get; init; } = 0.99;

    /// <summary>RMSProp's ε. Default 1e-5.</summary>
    public double RmsPropEpsilon { get; init; } = 1e-5;

    /// <summary>ε under the root, as TensorFlow has it. Default on (openai/baselines).</summary>
    public bool RmsPropInsideRoot { get; init; } = true;

    /// <summary>
    /// What RMSProp's mean squares start at. Default 1 (TensorFlow, openai/baselines): steps are small for the first 1,500 updates, which
    /// runs of less than a million steps cannot spare; 0: PyTorch.
    /// </summary>
    public double RmsPropStart { get; init; } = 1;

    /// <summary>The policy's network; over frames the value is one more output of it.</summary>
    public PolicyConfig Policy { get; init; } = new();

    /// <summary>Units of the value network's tanh layers over vectors. Default 64, 64.</summary>
    public IReadOnlyList<int> CriticHiddenSizes { get; init; } = [64, 64];

    /// <summary>Updates between log lines. Default 100.</summary>
    public int LoggingUpdates { get; init; } = 100;

    /// <summary>Updates between checkpoints; 0: none. Default 5,000.</summary>
    public int SaveUpdates { get; init; } = 5_000;

    /// <summary>Seed of weights and actions. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal void Validate()
    {
        ControlRules.Above(TotalSteps, 0);
        ControlRules.Above(StepsPerUpdate, 0);
        ControlRules.Above(LearningRate, 0);
        ControlRules.Within(ScheduleSteps, 0, double.MaxValue);
        ControlRules.Within(Gamma, 0, 1);
        ControlRules.Within(Lambda, 0, 1);
        ControlRules.Within(EntropyCoef, 0, double.MaxValue);
        ControlRules.Within(ValueCoef, 0, double.MaxValue);
        ControlRules.Above(MaxGradNorm, 0);
        ControlRules.Within(RmsPropDecay, 0, 1);
        ControlRules.Above(RmsPropEpsilon, 0);
        ControlRules.Within(RmsPropStart, 0, double.MaxValue);
    }
}
