namespace Rlhf.Training.Ppo;

/// <summary>Scores completions: a reward model, a rule in C#, a service. It sees text and tokens, so it may have a tokenizer of its own.</summary>
public interface IRewardFunction
{
    /// <summary>Writes one finite score for each completion.</summary>
    /// <param name="completions">A rollout's completions.</param>
    /// <param name="scores">Result, one a completion.</param>
    void Score(IReadOnlyList<Completion> completions, Span<float> scores);
}
