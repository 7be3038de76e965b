using Rlhf.Preferences;

namespace Rlhf.Labeling;

/// <summary>Counts the votes between models, which labelers cast without knowing whose response is whose.</summary>
public static class BlindVotes
{
    /// <summary>The win rate of every two models of a run; ties are half a win, "cannot tell" is no vote.</summary>
    public static IReadOnlyList<WinCount> Count(PreferenceStore store, long runId)
    {
        ArgumentNullException.ThrowIfNull(store);
        var counts = new SortedDictionary<(string First, string Second), (double Wins, int Votes)>();
        foreach (Label label in store.GetLabels(runId))
        {
            if (label.Query.Kind != QueryKind.BlindVote || label.Judgement.Choice?.LeftWeight() is not float weight)
                continue;
            string first = store.GetText(label.Query.Items[0]).Model, second = store.GetText(label.Query.Items[1]).Model;
            bool swap = string.CompareOrdinal(first, second) > 0;
            (string, string) pair = swap ? (second, first) : (first, second);
            (double wins, int votes) = counts.GetValueOrDefault(pair);
            counts[pair] = (wins + (swap ? 1 - weight : weight), votes + 1);
        }

        return [.. counts.Select(each => new WinCount(each.Key.First, each.Key.Second, each.Value.Wins / each.Value.Votes, each.Value.Votes))];
    }
}
