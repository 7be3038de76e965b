namespace Rlhf.Training.Control;

/// <summary>A value function of its own, fitted to the returns of each rollout after the policy's step.</summary>
public sealed record CriticConfig
{
    /// <summary>Units of the hidden tanh layers. Default 64, 64.</summary>
    public IReadOnlyList<int> HiddenSizes { get; init; } = [64, 64];

    /// <summary>Adam's learning rate. Default 1e-3 (sb3-contrib, openai/baselines).</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Passes over a rollout. Default 10 (sb3-contrib); baselines: 5.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Steps of a mini-batch. Default 128 (sb3-contrib).</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>
    /// Fit returns less their running mean over their running standard deviation, so that the network need not grow to the size of the
    /// rewards first. Default on; the papers' implementations fit them as they are.
    /// </summary>
    public bool NormalizeReturns { get; init; } = true;

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal void Validate()
    {
        ControlRules.Above(LearningRate, 0);
        ControlRules.Above(Epochs, 0);
        ControlRules.Above(BatchSize, 0);
        foreach (int size in HiddenSizes)
            ControlRules.Above(size, 0, nameof(HiddenSizes));
    }
}
