using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Preference;

/// <summary>The statistics of comparisons, in lanes: what the preference kernels add up register by register.</summary>
internal struct PreferenceSums<TV>()
    where TV : struct, ISimd<TV>
{
    private TV _loss = TV.Broadcast(0f), _pairs = TV.Broadcast(0f), _correct = TV.Broadcast(0f), _margin = TV.Broadcast(0f);
    private TV _reward = TV.Broadcast(0f), _rewards = TV.Broadcast(0f);
    private TV _min = TV.Broadcast(float.PositiveInfinity), _max = TV.Broadcast(float.NegativeInfinity);

    /// <summary>The sums so far, the loss times a factor.</summary>
    public readonly PreferenceStats Total(double lossFactor) => new(
        TV.SumWide(_loss) * lossFactor,
        TV.SumWide(_pairs),
        TV.SumWide(_correct),
        TV.SumWide(_margin),
        TV.SumWide(_reward),
        TV.SumWide(_rewards),
        -TV.MaxAcross(TV.Broadcast(0f) - _min),
        TV.MaxAcross(_max));

    /// <summary>A register of compared pairs; lanes that are not counted add nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddPairs(TV loss, TV first, TV second, TV label, TV counted)
    {
        TV zero = TV.Broadcast(0f), one = TV.Broadcast(1f);
        TV firstPreferred = TV.Select(TV.GreaterThan(label, TV.Broadcast(0.5f)), one, zero);
        TV firstLarger = TV.Select(TV.GreaterThan(first, second), one, zero);
        TV agree = TV.Select(TV.IsEqual(firstPreferred, firstLarger), one, zero);
        _loss += TV.Select(counted, loss, zero);
        _pairs += TV.Select(counted, one, zero);
        _correct += TV.Select(counted, agree, zero);
        _margin += TV.Select(counted, first - second, zero);
    }

    /// <summary>A register of scored items.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddRewards(TV rewards, TV counted)
    {
        TV zero = TV.Broadcast(0f);
        _reward += TV.Select(counted, rewards, zero);
        _rewards += TV.Select(counted, TV.Broadcast(1f), zero);
        _min = TV.Min(_min, TV.Select(counted, rewards, _min));
        _max = TV.Max(_max, TV.Select(counted, rewards, _max));
    }
}
