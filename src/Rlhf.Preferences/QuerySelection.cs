using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences;

/// <summary>Chooses the pairs to ask from many candidates, by what the members of an ensemble say of each.</summary>
public static class QuerySelection
{
    /// <summary>Candidates drawn for each pair asked (Christiano et al. 2017, appendix A).</summary>
    public const int CandidatesPerQuery = 10;

    /// <summary>How much an answer to each pair is worth: higher is better, comparable within one call. 0 for each with <see cref="SelectionRule.Random"/>.</summary>
    /// <param name="rule">What counts.</param>
    /// <param name="logits">[M, P] by each member, the first clip's summed reward less the second's.</param>
    /// <param name="members">M.</param>
    /// <returns>[P].</returns>
    public static double[] Scores(SelectionRule rule, ReadOnlySpan<float> logits, int members)
    {
        if (members < 1 || logits.Length % members != 0)
            throw new ArgumentException($"query selection: {logits.Length} logits for {members} members, expected a multiple");
        if (rule == SelectionRule.Random)
            return new double[logits.Length / members];
        if (members == 1)
            throw new ArgumentException($"query selection: one member has nobody to disagree with, expected 2 or more for {rule}, or Random");
        double[] scores = new double[logits.Length / members], values = new double[members];
        for (int pair = 0; pair < scores.Length; pair++)
        {
            for (int m = 0; m < members; m++)
            {
                double logit = logits[(m * scores.Length) + pair];
                if (!double.IsFinite(logit))
                    throw new ArgumentException($"query selection: logit of pair {pair} by member {m} is {logit}");
                values[m] = rule switch
                {
                    SelectionRule.LogitVariance => logit,
                    SelectionRule.LabelVariance => logit > 0 ? 1 : logit < 0 ? 0 : 0.5,
                    _ => Sigmoid(logit),
                };
            }

            scores[pair] = rule == SelectionRule.InformationGain ? Information(values) : Variance(values);
        }

        return scores;
    }

    /// <summary>
    /// The pairs to ask, best first; equals in an order drawn from the seed. A pair of a clip with itself, a pair that stands twice (in
    /// either order) and one that was asked before are passed over.
    /// </summary>
    /// <param name="rule">What counts.</param>
    /// <param name="logits">[M, P], see <see cref="Scores"/>.</param>
    /// <param name="members">M.</param>
    /// <param name="pairs">[P] what each pair is of: any numbers that name the clips.</param>
    /// <param name="count">Most pairs to choose.</param>
    /// <param name="seed">Decides everything random.</param>
    /// <param name="asked">Pairs asked before, in either order; null for none.</param>
    /// <returns>Indices of pairs; fewer than wanted where the candidates run out.</returns>
    public static IReadOnlyList<int> Choose(
        SelectionRule rule,
        ReadOnlySpan<float> logits,
        int members,
        IReadOnlyList<(long First, long Second)> pairs,
        int count,
        ulong seed,
        IEnumerable<(long First, long Second)>? asked = null)
    {
        double[] scores = Scores(rule, logits, members);
        if (pairs.Count != scores.Length)
            throw new ArgumentException($"query selection: {pairs.Count} pairs with logits of {scores.Length}");
        int[] order = Shuffled(scores.Length, seed);
        HashSet<(long, long)> known = [.. (asked ?? []).Select(Sorted)];
        List<int> chosen = [];
        foreach (int pair in order.OrderByDescending(index => scores[index]))
        {
            if (chosen.Count >= count)
                break;
            if (pairs[pair].First != pairs[pair].Second && known.Add(Sorted(pairs[pair])))
                chosen.Add(pair);
        }

        return chosen;
    }

    private static (long, long) Sorted((long First, long Second) pair) => pair.First < pair.Second ? pair : (pair.Second, pair.First);

    private static int[] Shuffled(int count, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = (int)(SplitMix64.Next(ref seed) % (ulong)(i + 1));
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    private static double Variance(double[] values)
    {
        // Around the first value, so that members who agree to the bit have no variance at all.
        double sum = 0, squares = 0;
        foreach (double value in values)
        {
            double shifted = value - values[0];
            sum += shifted;
            squares += shifted * shifted;
        }

        return Math.Max(0, (squares - (sum * sum / values.Length)) / values.Length);
    }

    private static double Information(double[] probabilities)
    {
        double mean = probabilities.Average(), conditional = 0;
        foreach (double p in probabilities)
            conditional += Entropy(p);
        return Entropy(mean) - (conditional / probabilities.Length);
    }

    private static double Entropy(double p) => p is > 0 and < 1 ? -(p * Math.Log(p)) - ((1 - p) * double.LogP1(-p)) : 0;
}
