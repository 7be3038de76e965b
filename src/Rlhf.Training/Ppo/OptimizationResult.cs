namespace Rlhf.Training.Ppo;

/// <summary>What the optimisation of one rollout did; sums over its steps.</summary>
internal sealed class OptimizationResult(UpdateStatistics statistics)
{
    public UpdateStatistics Statistics { get; } = statistics;

    public int Steps { get; set; }

    public double PolicyGradNorm { get; set; }

    public double ValueGradNorm { get; set; }

    public double PretrainingLoss { get; set; }

    /// <summary>max |ratio − 1| before the first step.</summary>
    public double RatioDrift { get; set; }

    /// <summary>A sum as the mean over steps.</summary>
    public double PerStep(double sum) => sum / Math.Max(1, Steps);
}
