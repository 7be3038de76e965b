namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// How the L2 coefficient follows the ratio of validation to training loss. The paper gives the band only (Christiano et al. 2017, §2.2.3);
/// start and rule are those of Ibarz et al. 2018 (appendix A.3: 1e-4, ×(1 ± 0.001) a step), faster and with bounds: without them the
/// coefficient was seen to reach 1.4, where the weights die and the loss stays at ln 2.
/// </summary>
public sealed record RegularizationOptions
{
    /// <summary>Whether there is any. Default true; false is the ablation.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>First coefficient λ of λ·Σw² over the matrices of a member. Default 1e-2: from Ibarz et al.'s 1e-4 the way to the band takes longer than the first fit.</summary>
    public double Initial { get; init; } = 1e-2;

    /// <summary>Smallest coefficient. Default 1e-6.</summary>
    public double Minimum { get; init; } = 1e-6;

    /// <summary>
    /// Largest coefficient. Default 0.3: half-cheetah's 700 comparisons settle near 0.1 in the band, where 3e-3 leaves the ratio above 5.
    /// </summary>
    public double Maximum { get; init; } = 0.3;

    /// <summary>Ratio of validation to training loss below which λ falls. Default 1.1 (the paper).</summary>
    public double LowRatio { get; init; } = 1.1;

    /// <summary>Ratio above which λ rises. Default 1.5 (the paper).</summary>
    public double HighRatio { get; init; } = 1.5;

    /// <summary>Optimizer steps of a window, whose losses decide one change. Default 32.</summary>
    public int WindowSteps { get; init; } = 32;

    /// <summary>Factor of one change. Default 1.1: 0.3 % a step.</summary>
    public double Factor { get; init; } = 1.1;
}
