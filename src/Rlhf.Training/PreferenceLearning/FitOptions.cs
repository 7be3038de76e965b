namespace Rlhf.Training.PreferenceLearning;

/// <summary>What a reward model is fitted to.</summary>
public enum FitTarget
{
    /// <summary>Which of two segments is better: the paper's loss.</summary>
    Comparisons,

    /// <summary>The true reward summed over a segment, by mean squared error: the ablation "target" (Christiano et al. 2017, §3.3).</summary>
    Returns,
}

/// <summary>Settings of <see cref="RewardFitter"/>.</summary>
public sealed record FitOptions
{
    /// <summary>Adam's learning rate. Default 1e-3 (rl-teacher and imitation; the paper names none).</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>Pairs of a minibatch. Default 32 (imitation; rl-teacher 64; the paper names none).</summary>
    public int BatchPairs { get; init; } = 32;

    /// <summary>Share of answers taken for uniformly random. Default 0.1 (Christiano et al. 2017, §2.2.3).</summary>
    public float LabelNoise { get; init; } = 0.1f;

    /// <summary>What is fitted. Default comparisons.</summary>
    public FitTarget Target { get; init; }

    /// <summary>L2.</summary>
    public RegularizationOptions Regularization { get; init; } = new();

    /// <summary>
    /// Root mean square of a member's predicted differences below which it counts as collapsed: all probabilities near ½, loss near ln 2, and
    /// a ratio of losses near 1 that says all is well. Default 0.02; a fresh network's are above 0.1.
    /// </summary>
    public double CollapseMargin { get; init; } = 0.02;

    /// <summary>Seed of minibatches, bootstrap and restarts. Default 1.</summary>
    public ulong Seed { get; init; } = 1;
}
