using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Reward;

/// <summary>Makes reward-model examples from data sets. What is too long is left out whole, as in TRL: half an answer has another reward.</summary>
public static class RewardExamples
{
    /// <summary>Comparisons of two, the chosen one first.</summary>
    /// <param name="preferences">The data set.</param>
    /// <param name="maxLength">Most tokens of prompt and completion together. TRL: 1024.</param>
    /// <exception cref="DataFormatException">Nothing is left.</exception>
    public static IReadOnlyList<RewardExample> From(IReadOnlyList<Preference> preferences, int maxLength) =>
        Require(
            preferences.Select(pair => new RewardExample([Join(pair.Prompt, pair.Chosen), Join(pair.Prompt, pair.Rejected)], [0, 1], pair.Margin)),
            maxLength);

    /// <summary>Ranked groups; one whose items are all tied compares nothing and is left out.</summary>
    /// <param name="rankings">The data set.</param>
    /// <param name="maxLength">Most tokens of prompt and completion together.</param>
    /// <exception cref="DataFormatException">Nothing is left.</exception>
    public static IReadOnlyList<RewardExample> From(IReadOnlyList<Ranking> rankings, int maxLength) =>
        Require(
            rankings
                .Where(ranking => ranking.Ranks.Distinct().Count() > 1)
                .Select(ranking => new RewardExample([.. ranking.Completions.Select(completion => Join(ranking.Prompt, completion))], ranking.Ranks)),
            maxLength);

    private static ReadOnlyMemory<int> Join(TokenText prompt, TokenText completion) => (int[])[.. prompt.Ids, .. completion.Ids];

    private static List<RewardExample> Require(IEnumerable<RewardExample> examples, int maxLength)
    {
        List<RewardExample> kept = [.. examples.Where(example => example.Sequences.All(sequence => sequence.Length <= maxLength))];
        return kept.Count > 0 ? kept : throw new DataFormatException($"dataset: no comparison within max_length {maxLength}");
    }
}
