namespace Rlhf.Cli.Demo;

/// <summary>
/// The stand-in for a person: ranks the continuations of a prompt by valence, and with a fixed probability gives a random
/// ranking instead (the 10 % of Christiano et al. 2017, §2.2.3). Equal valence is a tie: equal ranks, hence no comparison.
/// </summary>
internal sealed class LexiconLabeler(ValenceLexicon lexicon, double errorRate, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Rank of each text, 1 the best.</summary>
    public int[] Rank(IReadOnlyList<string> texts)
    {
        if (_random.NextDouble() < errorRate)
        {
            int[] order = [.. Enumerable.Range(1, texts.Count)];
            _random.Shuffle(order);
            return order;
        }

        return RankCleanly(texts);
    }

    /// <summary>The ranking without the labeler's mistakes.</summary>
    public int[] RankCleanly(IReadOnlyList<string> texts)
    {
        double[] scores = [.. texts.Select(text => lexicon.Score(text))];
        return [.. scores.Select(score => 1 + scores.Count(other => other > score))];
    }
}
