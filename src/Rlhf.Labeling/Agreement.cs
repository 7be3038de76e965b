namespace Rlhf.Labeling;

/// <summary>How far two judges agree over the same pairs, each first, second or tie.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class Agreement
{
    private const int Categories = 3;
    private readonly long[,] _counts = new long[Categories, Categories];

    /// <summary>Pairs that both judged.</summary>
    public long Pairs { get; private set; }

    /// <summary>Share on which they said the same.</summary>
    public double Share => Pairs == 0 ? 0 : (double)Same / Pairs;

    /// <summary>
    /// Cohen's κ = (pₒ − pₑ) / (1 − pₑ) (1960): agreement beyond what their habits alone would give. Null where it is not defined: no pairs, or both
    /// always say the same one thing.
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
                double first = 0, second = 0;
                for (int other = 0; other < Categories; other++)
                {
                    first += _counts[c, other];
                    second += _counts[other, c];
                }

                chance += first * second / ((double)Pairs * Pairs);
            }

            return chance >= 1 ? null : (Share - chance) / (1 - chance);
        }
    }

    private long Same
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

    private static int Category(float weight) => weight switch { 1f => 0, 0f => 1, _ => 2 };
}
