namespace Rlhf.Training.Control;

/// <summary>
/// Settings of <see cref="TrpoTrainer"/>. γ and λ are Christiano et al. 2017's (A.1); what their paper leaves open is named with its
/// source.
/// </summary>
public sealed record TrpoConfig
{
    /// <summary>Environment steps of the whole run, all environments together. Default 1,000,000.</summary>
    public long TotalSteps { get; init; } = 1_000_000;

    /// <summary>Environment steps an update, all environments together; rounded down to whole steps of each. Default 4,096.</summary>
    public int BatchSize { get; init; } = 4096;

    /// <summary>γ. Default 0.995 (Christiano et al. 2017).</summary>
    public double Gamma { get; init; } = 0.995;

    /// <summary>λ of GAE. Default 0.97 (Christiano et al. 2017).</summary>
    public double Lambda { get; init; } = 0.97;

    /// <summary>δ: largest mean KL from the old policy to the new one, nats. Default 0.01 (Schulman et al. 2015; openai/baselines).</summary>
    public double MaxKl { get; init; } = 0.01;

    /// <summary>Iterations of conjugate gradient. Default 10 (Schulman et al. 2015).</summary>
    public int ConjugateGradientIterations { get; init; } = 10;

    /// <summary>Multiple of the identity added to the Fisher matrix. Default 0.1 (openai/baselines).</summary>
    public double Damping { get; init; } = 0.1;

    /// <summary>Step lengths that the line search tries. Default 10.</summary>
    public int Backtracks { get; init; } = 10;

    /// <summary>Each length as a share of the one before. Default 0.8 (sb3-contrib).</summary>
    public double BacktrackRatio { get; init; } = 0.8;

    /// <summary>Weight of the policy's entropy in the surrogate. Default 0; from a learned reward 0.01, Swimmer 0.001 (Christiano et al. 2017).</summary>
    public double EntropyCoef { get; init; }

    /// <summary>The policy's network.</summary>
    public PolicyConfig Policy { get; init; } = new();

    /// <summary>The value function.</summary>
    public CriticConfig Critic { get; init; } = new();

    /// <summary>Updates between log lines. Default 1.</summary>
    public int LoggingUpdates { get; init; } = 1;

    /// <summary>Updates between checkpoints; 0: none. Default 20.</summary>
    public int SaveUpdates { get; init; } = 20;

    /// <summary>Seed of weights, actions and the critic's mini-batches. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal void Validate()
    {
        ControlRules.Above(TotalSteps, 0);
        ControlRules.Above(BatchSize, 0);
        ControlRules.Within(Gamma, 0, 1);
        ControlRules.Within(Lambda, 0, 1);
        ControlRules.Above(MaxKl, 0);
        ControlRules.Above(ConjugateGradientIterations, 0);
        ControlRules.Within(Damping, 0, double.MaxValue);
        ControlRules.Above(Backtracks, 0);
        ControlRules.Within(BacktrackRatio, 0, 1);
        ControlRules.Within(EntropyCoef, 0, double.MaxValue);
        Critic.Validate();
    }
}
