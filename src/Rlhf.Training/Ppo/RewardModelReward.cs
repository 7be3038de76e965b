using Rlhf.Models;
using Rlhf.Training.Reward;

namespace Rlhf.Training.Ppo;

/// <summary>A reward model that shares the policy's tokens: the score is its head's output at the last real token (spec statement 11).</summary>
/// <param name="model">The reward model, with its gain and bias; stays the caller's.</param>
/// <param name="batchSize">Completions in one forward pass.</param>
public sealed class RewardModelReward(ScalarModel model, int batchSize = 64) : IRewardFunction, IDisposable
{
    private readonly RewardScorer _scorer = new(model, batchSize);

    /// <inheritdoc/>
    public void Score(IReadOnlyList<Completion> completions, Span<float> scores) =>
        _scorer.Score([.. completions.Select(c => new ReadOnlyMemory<int>([.. c.PromptTokens, .. c.ResponseTokens]))]).CopyTo(scores);

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();
}
