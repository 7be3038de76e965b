namespace Rlhf.Training.Control;

/// <summary>Settings of <see cref="ControlPpoTrainer"/>; defaults are those of openai/baselines and cleanrl for MuJoCo (Huang et al. 2022).</summary>
public sealed record ControlPpoConfig
{
    /// <summary>Environment steps of the whole run, all environments together. Default 1,000,000.</summary>
    public long TotalSteps { get; init; } = 1_000_000;

    /// <summary>Environment steps an update, all environments together; rounded down to whole steps of each. Default 2,048.</summary>
    public int BatchSize { get; init; } = 2048;

    /// <summary>Mini-batches an epoch. Default 32.</summary>
    public int MiniBatches { get; init; } = 32;

    /// <summary>Passes over a rollout. Default 10.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Adam's learning rate at the first update. Default 3e-4.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Lower the learning rate linearly to 0 over the run. Default on.</summary>
    public bool AnnealLearningRate { get; init; } = true;

    /// <summary>Adam's ε. Default 1e-5.</summary>
    public double AdamEpsilon { get; init; } = 1e-5;

    /// <summary>γ. Default 0.99.</summary>
    public double Gamma { get; init; } = 0.99;

    /// <summary>λ of GAE. Default 0.95.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>Distance of the ratio from 1 at which it is clipped. Default 0.2.</summary>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>Distance from the old value at which the value's loss is clipped; null: not at all. Default 0.2.</summary>
    public double? ValueClipRange { get; init; } = 0.2;

    /// <summary>Weight of the policy's entropy. Default 0.</summary>
    public double EntropyCoef { get; init; }

    /// <summary>Weight of the value's loss, ½ mean squared error. Default 0.5.</summary>
    public double ValueCoef { get; init; } = 0.5;

    /// <summary>Norm above which all gradients together are scaled down. Default 0.5.</summary>
    public double MaxGradNorm { get; init; } = 0.5;

    /// <summary>Advantages of each mini-batch to mean 0 and deviation 1. Default on.</summary>
    public bool NormalizeAdvantages { get; init; } = true;

    /// <summary>The policy's network.</summary>
    public PolicyConfig Policy { get; init; } = new();

    /// <summary>Units of the value network's tanh layers. Default 64, 64.</summary>
    public IReadOnlyList<int> CriticHiddenSizes { get; init; } = [64, 64];

    /// <summary>Updates between log lines. Default 1.</summary>
    public int LoggingUpdates { get; init; } = 1;

    /// <summary>Updates between checkpoints; 0: none. Default 50.</summary>
    public int SaveUpdates { get; init; } = 50;

    /// <summary>Seed of weights, actions and mini-batches. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal void Validate()
    {
        ControlRules.Above(TotalSteps, 0);
        ControlRules.Above(BatchSize, 0);
        ControlRules.Above(MiniBatches, 0);
        ControlRules.Above(Epochs, 0);
        ControlRules.Above(LearningRate, 0);
        ControlRules.Above(AdamEpsilon, 0);
        ControlRules.Within(Gamma, 0, 1);
        ControlRules.Within(Lambda, 0, 1);
        ControlRules.Within(ClipRange, 0, 1);
        ControlRules.Within(ValueClipRange ?? 0, 0, double.MaxValue, nameof(ValueClipRange));
        ControlRules.Within(EntropyCoef, 0, double.MaxValue);
        ControlRules.Within(ValueCoef, 0, double.MaxValue);
        ControlRules.Above(MaxGradNorm, 0);
    }
}
