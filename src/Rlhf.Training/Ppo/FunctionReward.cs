namespace Rlhf.Training.Ppo;

/// <summary>A reward written in C#.</summary>
/// <param name="score">The score of one completion.</param>
public sealed class FunctionReward(Func<Completion, double> score) : IRewardFunction
{
    /// <inheritdoc/>
    public void Score(IReadOnlyList<Completion> completions, Span<float> scores)
    {
        for (int i = 0; i < completions.Count; i++)
            scores[i] = (float)score(completions[i]);
    }
}
