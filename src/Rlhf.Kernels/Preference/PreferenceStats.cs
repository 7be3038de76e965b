using System.Numerics;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Preference;

/// <summary>
/// What a preference-loss kernel writes beside the gradients: a view [<see cref="Length"/>] of f32. Loss is normalised; the others are sums
/// (or extremes) over the pairs of the call, so that micro-batches add up.
/// </summary>
public readonly record struct PreferenceStats(
    double Loss, double Pairs, double Correct, double MarginSum, double RewardSum, double Rewards, double RewardMin, double RewardMax)
    : IAdditionOperators<PreferenceStats, PreferenceStats, PreferenceStats>, IAdditiveIdentity<PreferenceStats, PreferenceStats>
{
    /// <summary>Elements of the statistics view.</summary>
    public const int Length = 8;

    /// <summary>Nothing compared: the extremes are ±∞, so that adding it changes nothing.</summary>
    public static PreferenceStats AdditiveIdentity { get; } =
        new(0, 0, 0, 0, 0, 0, double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>
    /// Share of pairs where "the first has the larger reward" agrees with "its label is above ½" (imitation's rule): where the
    /// first is known to be better (all pairs of a ranking) a tie of rewards is not correct.
    /// </summary>
    public double Accuracy => Pairs > 0 ? Correct / Pairs : 0;

    /// <summary>Mean of chosen − rejected.</summary>
    public double MarginMean => Pairs > 0 ? MarginSum / Pairs : 0;

    /// <summary>Mean reward over all scored items.</summary>
    public double RewardMean => Rewards > 0 ? RewardSum / Rewards : 0;

    /// <summary>Statistics of two micro-batches together.</summary>
    public static PreferenceStats operator +(PreferenceStats left, PreferenceStats right) => new(
        left.Loss + right.Loss,
        left.Pairs + right.Pairs,
        left.Correct + right.Correct,
        left.MarginSum + right.MarginSum,
        left.RewardSum + right.RewardSum,
        left.Rewards + right.Rewards,
        Math.Min(left.RewardMin, right.RewardMin),
        Math.Max(left.RewardMax, right.RewardMax));

    /// <summary>The statistics that a kernel wrote to <paramref name="view"/> [<see cref="Length"/>].</summary>
    public static PreferenceStats Read(ReadOnlyView<float> view)
    {
        Require.Shape(view, Length, 1);
        return new PreferenceStats(view[0], view[1], view[2], view[3], view[4], view[5], view[6], view[7]);
    }

    internal void Write(View<float> view)
    {
        view[0] = (float)Loss;
        view[1] = (float)Pairs;
        view[2] = (float)Correct;
        view[3] = (float)MarginSum;
        view[4] = (float)RewardSum;
        view[5] = (float)Rewards;
        view[6] = (float)RewardMin;
        view[7] = (float)RewardMax;
    }
}
