using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// The clipped surrogate for one register of tokens, and the sums over a row: the one place where its branches stand
/// (<see cref="PpoClipLossArgs"/>, <see cref="PpoFromLogitsArgs{T}"/> and <see cref="LinearPpoArgs{T}"/> use it).
/// </summary>
internal struct PpoClipStep<TV>
    where TV : struct, ISimd<TV>
{
    private readonly TV _low, _high, _limit, _dualClip;
    private readonly bool _dual;
    private TV _loss, _count, _clipped, _dualClipped, _approxKl, _kl, _ratio, _ratioMax;

    public PpoClipStep(in PpoClipOptions options)
    {
        _low = TV.Broadcast(1f - options.ClipLow);
        _high = TV.Broadcast(1f + options.ClipHigh);
        _limit = TV.Broadcast(options.LogRatioLimit);
        _dual = options.DualClip != 0f;
        _dualClip = TV.Broadcast(options.DualClip);
        TV zero = TV.Broadcast(0f);
        _loss = _count = _clipped = _dualClipped = _approxKl = _kl = _ratio = _ratioMax = zero;
    }

    /// <summary>Adds a register of tokens; gives d loss / d logprob before weight and normaliser, 0 where not counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TV Next(TV logprobs, TV oldLogprobs, TV advantages, TV counted)
    {
        TV zero = TV.Broadcast(0f), one = TV.Broadcast(1f);

        // Selected, not multiplied: whatever stands at a masked position, NaN included, never enters.
        TV d = TV.Select(counted, logprobs - oldLogprobs, zero);
        TV a = TV.Select(counted, advantages, zero);

        // The clamped operand stands on the right, where Min and Max let a NaN through.
        TV ratio = SimdMath.Exp(TV.Min(_limit, TV.Max(zero - _limit, d)));
        TV unclipped = (zero - a) * ratio;
        TV clipped = (zero - a) * TV.Min(_high, TV.Max(_low, ratio));
        TV clippedWins = TV.GreaterThan(clipped, unclipped);
        TV loss = TV.Select(clippedWins, clipped, unclipped);
        TV beyond = TV.GreaterThan(TV.Abs(d), _limit);
        TV grad = TV.Select(clippedWins, zero, TV.Select(beyond, zero, unclipped));
        if (_dual)
        {
            TV cap = (zero - a) * _dualClip;
            TV atCap = TV.Select(TV.GreaterThan(zero, a), TV.GreaterThan(loss, cap), zero);
            loss = TV.Select(atCap, cap, loss);
            grad = TV.Select(atCap, zero, grad);
            _dualClipped += TV.Select(atCap, one, zero);
        }

        _loss += loss;
        _count += TV.Select(counted, one, zero);
        _clipped += TV.Select(clippedWins, one, zero);
        _approxKl = TV.Fma(d * d, TV.Broadcast(0.5f), _approxKl);
        _kl -= d;
        ratio = TV.Select(counted, ratio, zero);
        _ratio += ratio;
        _ratioMax = TV.Max(_ratioMax, ratio);
        return grad;
    }

    /// <summary>The sums so far; the loss with its weight and normaliser.</summary>
    public readonly PpoClipStats Total(float weight) => new(
        TV.SumWide(_loss) * weight,
        TV.SumWide(_count),
        TV.SumWide(_clipped),
        TV.SumWide(_dualClipped),
        TV.SumWide(_approxKl),
        TV.SumWide(_kl),
        TV.SumWide(_ratio),
        TV.MaxAcross(_ratioMax),
        0);
}
