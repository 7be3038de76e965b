using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Preference;

/// <summary>
/// Cross-entropy of one register of comparisons: the one place where the Bradley–Terry form and its uniform-noise form stand
/// (<see cref="PairwiseLossArgs"/>, <see cref="RankingLossArgs"/> and <see cref="SegmentPreferenceArgs"/> use it).
/// </summary>
internal readonly struct PreferenceStep<TV>
    where TV : struct, ISimd<TV>
{
    private readonly bool _noisy;
    private readonly TV _floor, _slope;

    public PreferenceStep(float noise)
    {
        _noisy = noise > 0f;
        _floor = TV.Broadcast(0.5f * noise);
        _slope = TV.Broadcast(1f - noise);
    }

    /// <summary>−label · log p − (1 − label) · log(1 − p) with p = noise/2 + (1 − noise) σ(d).</summary>
    /// <param name="d">Difference of rewards, any size.</param>
    /// <param name="label">Probability that the first one is better.</param>
    /// <param name="grad">Derivative by d.</param>
    /// <param name="probability">p.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TV Next(TV d, TV label, out TV grad, out TV probability)
    {
        // With u = e^−|d| nothing overflows, and the smaller of σ(d) and σ(−d) keeps all its digits.
        TV zero = TV.Broadcast(0f), one = TV.Broadcast(1f);
        TV distance = TV.Abs(d), u = SimdMath.ExpNonPositive(zero - distance);
        TV larger = one / (one + u), smaller = u * larger;
        TV logLarger = zero - SimdMath.Log1P(u), logSmaller = logLarger - distance;
        TV slopeLarger = smaller, slopeSmaller = larger;
        if (_noisy)
        {
            TV bell = _slope * larger * smaller;
            larger = TV.Fma(_slope, larger, _floor);
            smaller = TV.Fma(_slope, smaller, _floor);
            logLarger = SimdMath.Log1P(zero - smaller);
            logSmaller = SimdMath.Log(smaller);
            slopeLarger = bell / larger;
            slopeSmaller = bell / smaller;
        }

        TV first = TV.GreaterThanOrEqual(d, zero);
        probability = TV.Select(first, larger, smaller);
        TV logFirst = TV.Select(first, logLarger, logSmaller), logSecond = TV.Select(first, logSmaller, logLarger);
        TV slopeFirst = TV.Select(first, slopeLarger, slopeSmaller), slopeSecond = TV.Select(first, slopeSmaller, slopeLarger);

        // A certain label takes no part of the other term: at −∞ · 0 it would be NaN.
        TV other = one - label;
        TV loss = zero - TV.Select(TV.IsEqual(label, zero), zero, label * logFirst)
            - TV.Select(TV.IsEqual(other, zero), zero, other * logSecond);
        grad = (other * slopeSecond) - (label * slopeFirst);
        return loss;
    }
}
