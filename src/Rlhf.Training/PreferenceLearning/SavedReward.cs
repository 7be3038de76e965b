using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// What a new policy learns from where a reward model is given: r̂ with the scale that it was saved with, the same function from first to last.
/// The true reward is only logged.
/// </summary>
public sealed class SavedReward : IRewardSource, IDisposable
{
    private readonly RewardEnsemble _ensemble;
    private float[] _predictions = [];

    /// <summary>Takes a reward model over.</summary>
    public SavedReward(RewardEnsemble ensemble) => _ensemble = ensemble;

    /// <inheritdoc/>
    public void Fill(ControlRollout rollout)
    {
        _ensemble.Predict(rollout, ref _predictions);
        _ensemble.Scale.Apply(_predictions, Vectors.Span(rollout.Rewards));
    }

    /// <inheritdoc/>
    public void Dispose() => _ensemble.Dispose();
}
