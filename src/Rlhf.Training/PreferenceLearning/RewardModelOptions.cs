namespace Rlhf.Training.PreferenceLearning;

/// <summary>What a reward model is; defaults are the paper's for robots (Christiano et al. 2017, appendix A).</summary>
public sealed record RewardModelOptions
{
    /// <summary>Networks in the ensemble. Default 3.</summary>
    public int Members { get; init; } = 3;

    /// <summary>Units of each hidden layer. Default 64, 64; not for pixels, which have four layers of convolutions.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [64, 64];

    /// <summary>Slope of the leaky ReLU below 0. Default 0.01.</summary>
    public float LeakySlope { get; init; } = 0.01f;

    /// <summary>Dropout on the convolutions. Default 0.5; robots have none.</summary>
    public float Dropout { get; init; } = 0.5f;

    /// <summary>Standard deviation of the rewards that a policy gets; null (the default): 1 for vectors, 0.05 for pixels.</summary>
    public double? RewardStd { get; init; }

    /// <summary>Rows that go through the network at once. Default 0: 8,192 vectors or 256 stacks of frames.</summary>
    public int ChunkRows { get; init; }
}
