using Rlhf.Kernels.Sequence;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sampling;

/// <summary>
/// Truncation and drawing on one row whose maximum is known. The kept tokens are those with u of at least a threshold, found by
/// bisection over the bit patterns of f32 (ordered as the numbers are): at most 32 sweeps, no sort, no memory.
/// </summary>
internal unsafe struct TokenChoice<T>
    where T : unmanaged
{
    private readonly T* _logits;
    private readonly int _vocab;
    private readonly LogitScale _scale;
    private readonly float* _scratch;
    private readonly float _max;
    private float _threshold;

    public TokenChoice(T* logits, int vocab, in LogitScale scale, float* scratch, float max)
    {
        _logits = logits;
        _vocab = vocab;
        _scale = scale;
        _scratch = scratch;
        _max = max;
        _threshold = float.NegativeInfinity;
    }

    /// <summary>Keeps the <paramref name="topK"/> largest (0: all), then the smallest set that reaches <paramref name="topP"/> of their mass.</summary>
    public void Truncate<TV>(int topK, float topP)
        where TV : struct, ISimd<TV>
    {
        if (topK > 0 && topK < _vocab)
        {
            _threshold = Bisect<TV>(_threshold, _vocab, topK, byMass: false);
        }

        if (topP < 1f)
        {
            // Nothing that far below the maximum has mass, so the search begins there at the latest.
            float floor = Math.Max(_threshold, (float)(_max - (128 / (double)_scale.SlopeLog2)));
            var (count, mass) = Above<TV>(floor, withMass: true);
            _threshold = Bisect<TV>(floor, count, topP * mass, byMass: true);
        }
    }

    /// <summary>The lowest token with the maximum.</summary>
    public readonly int First<TV>()
        where TV : struct, ISimd<TV>
    {
        for (int begin = 0; begin < _vocab; begin += SoftmaxRow<T>.Block)
        {
            int count = Math.Min(SoftmaxRow<T>.Block, _vocab - begin);
            int at = new ReadOnlySpan<float>(_scale.Block<T, TV>(_logits + begin, count, _scratch), count).IndexOf(_max);
            if (at >= 0)
            {
                return begin + at;
            }
        }

        return 0;
    }

    /// <summary>The first token, in vocabulary order, at which the cumulative mass exceeds <paramref name="uniform"/> of the whole.</summary>
    public readonly int Draw<TV>(double uniform)
        where TV : struct, ISimd<TV>
    {
        double left = uniform * Above<TV>(_threshold, withMass: true).Mass;
        int last = 0;
        for (int begin = 0; begin < _vocab; begin += SoftmaxRow<T>.Block)
        {
            int count = Math.Min(SoftmaxRow<T>.Block, _vocab - begin);
            float* u = _scale.Block<T, TV>(_logits + begin, count, _scratch);
            double mass = Sweep<TV>(u, count, _threshold, withMass: true).Mass;
            if (mass > left)
            {
                return begin + DrawWithin(u, count, left);
            }

            // Rounding may leave a crumb after the last block: it falls to the last token that has any mass.
            last = mass > 0 ? begin + DrawWithin(u, count, double.PositiveInfinity) : last;
            left -= mass;
        }

        return last;
    }

    /// <summary>Log-prob of a token among the kept ones.</summary>
    public readonly double Logprob<TV>(int token)
        where TV : struct, ISimd<TV> =>
        (((double)_scale.Value(_logits + token) - _max) * _scale.Slope) - Math.Log(Above<TV>(_threshold, withMass: true).Mass);

    private readonly int DrawWithin(float* u, int count, double left)
    {
        int last = 0;
        Lanes1 max = Lanes1.Broadcast(_max), slope = Lanes1.Broadcast(_scale.SlopeLog2);
        for (int j = 0; j < count; j++)
        {
            float mass = Lanes1.Sum(SimdMath.Exp2NonPositive((Lanes1.Load(u + j) - max) * slope, out _));
            if (u[j] >= _threshold && mass > 0)
            {
                last = j;
                left -= mass;
                if (left < 0)
                {
                    break;
                }
            }
        }

        return last;
    }

    // The largest threshold whose count (or mass) still reaches the goal; at `floor` it does, with `count` tokens.
    private readonly float Bisect<TV>(float floor, long count, double goal, bool byMass)
        where TV : struct, ISimd<TV>
    {
        long low = Key(floor), high = Key(_max) + 1L, countAtHigh = 0;

        // One token more or less: the two sets have no third between them.
        while (high - low > 1 && count - countAtHigh > 1)
        {
            long middle = low + ((high - low) / 2);
            var above = Above<TV>(FromKey((int)middle), byMass);
            if ((byMass ? above.Mass : above.Count) >= goal)
            {
                (low, count) = (middle, above.Count);
            }
            else
            {
                (high, countAtHigh) = (middle, above.Count);
            }
        }

        return FromKey((int)low);
    }

    private readonly (long Count, double Mass) Above<TV>(float threshold, bool withMass)
        where TV : struct, ISimd<TV>
    {
        long total = 0;
        double mass = 0;
        for (int begin = 0; begin < _vocab; begin += SoftmaxRow<T>.Block)
        {
            int count = Math.Min(SoftmaxRow<T>.Block, _vocab - begin);
            float* u = _scale.Block<T, TV>(_logits + begin, count, _scratch);
            var part = Sweep<TV>(u, count, threshold, withMass);
            total += part.Count;
            mass += part.Mass;
        }

        return (total, mass);
    }

    // Number and mass of the tokens of a block at or above a threshold. Lanes beyond the end hold −∞: no mass.
    private readonly (int Count, float Mass) Sweep<TV>(float* u, int count, float threshold, bool withMass)
        where TV : struct, ISimd<TV>
    {
        TV rest = SimdTail.Rest<TV>(u, count);
        TV border = TV.Broadcast(threshold), max = TV.Broadcast(_max), slope = TV.Broadcast(_scale.SlopeLog2);
        TV one = TV.Broadcast(1f), zero = TV.Broadcast(0f), total = zero, mass = zero;
        int full = count - (count % TV.Width);
        for (int i = 0; i <= full; i += TV.Width)
        {
            TV value = i < full ? TV.Load(u + i) : rest;
            TV kept = TV.GreaterThanOrEqual(value, border);
            if (TV.Any(kept))
            {
                total += TV.Select(kept, one, zero);
                mass += withMass ? TV.Select(kept, SimdMath.Exp2NonPositive((value - max) * slope, out _), zero) : zero;
            }
        }

        return ((int)TV.Sum(total), TV.Sum(mass));
    }

    // Bit patterns as integers in the order of the numbers; its own inverse.
    private static int Key(float value)
    {
        int bits = BitConverter.SingleToInt32Bits(value);
        return bits ^ ((bits >> 31) & int.MaxValue);
    }

    private static float FromKey(int key) => BitConverter.Int32BitsToSingle(key ^ ((key >> 31) & int.MaxValue));
}
