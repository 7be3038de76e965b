namespace Rlhf.Preferences;

/// <summary>How far two judges agree over the same pairs, each first, second or tie.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class LabelAgreement
{
    private const int Categories = 3;
    private readonly long[,] _counts = new long[Categories, Categories];

    /// <summary>Pairs that both judged.</summary>
    public long Pairs { get; private set; }

    /// <summary>pₒ: share on which they said the same; NaN without pairs.</summary>
    public double Share => Pairs == 0 ? double.NaN : (double)Diagonal / Pairs;

    /// <summary>
    /// Cohen's κ = (pₒ − pₑ) / (1 − pₑ) (1960): agreement beyond what their habits alone would give. Null where it is not defined: no pairs, or
    /// both always say the same one thing.
    /// </summary>
    public double? Kappa
    {
        get
        {
            if (Pairs == 0)
                return null;
            double chance = 0;
            for (int c = 0; c < Categories; c++)
            {
                long first = 0, second = 0;
                for (int other = 0; other < Categories; other++)
                {
                    first += _counts[c, other];
                    second += _counts[other, c];
                }

                chance += (double)first / Pairs * second / Pairs;
            }

            return chance >= 1 ? null : (Share - chance) / (1 - chance);
        }
    }

    private long Diagonal
    {
        get
        {
            long same = 0;
            for (int c = 0; c < Categories; c++)
                same += _counts[c, c];
            return same;
        }
    }

    /// <summary>Counts a pair, or takes it out again.</summary>
    /// <param name="first">μ(1) by the first judge: 1, 0 or ½.</param>
    /// <param name="second">By the second.</param>
    /// <param name="times">1, or −1 to take out.</param>
    public void Add(float first, float second, int times = 1)
    {
        _counts[Category(first), Category(second)] += times;
        Pairs += times;
    }

    /// <summary>Every two labelers who judged a pair both. The lower id is first; the most pairs come first.</summary>
    public static IReadOnlyList<(long First, long Second, LabelAgreement Agreement)> BetweenLabelers(IEnumerable<Comparison> comparisons)
    {
        SortedDictionary<(long First, long Second), LabelAgreement> agreements = [];
        foreach (IGrouping<long, Comparison> query in comparisons.GroupBy(comparison => comparison.QueryId))
        {
            Comparison[] labels = [.. query.OrderBy(comparison => comparison.LabelerId)];
            for (int a = 0; a < labels.Length; a++)
            {
                for (int b = a + 1; b < labels.Length; b++)
                    Of(agreements, (labels[a].LabelerId, labels[b].LabelerId)).Add(labels[a].FirstWeight, labels[b].FirstWeight);
            }
        }

        return [.. agreements.Select(each => (each.Key.First, each.Key.Second, each.Value)).OrderByDescending(each => each.Value.Pairs)];
    }

    /// <summary>
    /// The labels' decided answers against the side that a reward model held more likely when the pair was chosen. A probability is no tie, so ties
    /// do not count.
    /// </summary>
    public static LabelAgreement WithModel(IEnumerable<Label> labels)
    {
        LabelAgreement agreement = new();
        foreach (Label label in labels)
        {
            if (label.Query.Predicted is double p && p != 0.5 && label.Judgement.Choice is Answer.Left or Answer.Right && !label.Retracted)
                agreement.Add(label.Judgement.Choice == Answer.Left ? 1 : 0, label.Query.Predicted > 0.5 ? 1 : 0);
        }

        return agreement;
    }

    private static LabelAgreement Of(SortedDictionary<(long, long), LabelAgreement> agreements, (long, long) key)
    {
        if (!agreements.TryGetValue(key, out LabelAgreement? agreement))
            agreements[key] = agreement = new LabelAgreement();
        return agreement;
    }

    private static int Category(float weight) => weight switch
    {
        1f => 0,
        0f => 1,
        0.5f => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(weight), weight, "expected 1, 0 or 1/2"),
    };
}
