using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// A <see cref="LogitTransform"/> as the row kernels use it: a raw logit x becomes u (x itself, or the capped value), and
/// <c>z = Slope · u</c>. Differences u − max u are taken before anything is multiplied, so a common offset costs no precision.
/// </summary>
internal readonly unsafe struct LogitScale
{
    private readonly float _inner, _cap;

    public LogitScale(in LogitTransform transform)
    {
        double scale = transform.LogitScale;
        Capped = transform.SoftCap != 0f;
        _cap = transform.SoftCap;
        _inner = Capped ? (float)(scale / transform.SoftCap) : 1f;
        Slope = (Capped ? 1 : scale) / transform.Temperature;
        SlopeLog2 = (float)(Slope / Math.Log(2));
        Chain = scale / transform.Temperature;
        InverseCap = Capped ? 1f / transform.SoftCap : 0f;
    }

    public bool Capped { get; }

    /// <summary>dz/du.</summary>
    public double Slope { get; }

    /// <summary>dz/du in units of log₂.</summary>
    public float SlopeLog2 { get; }

    /// <summary>dz/dx, before the cap's own derivative 1 − (u / cap)².</summary>
    public double Chain { get; }

    public float InverseCap { get; }

    /// <summary>u of a block of raw logits: the logits themselves where nothing is to be done, else <paramref name="scratch"/>.</summary>
    public float* Block<T, TV>(T* logits, int count, float* scratch)
        where T : unmanaged
        where TV : struct, ISimd<TV>
    {
        if (!Capped && typeof(T) == typeof(float))
        {
            return (float*)logits;
        }

        Storage.Widen<T, TV>(logits, scratch, count);
        if (Capped)
        {
            int i = 0;
            for (; i <= count - TV.Width; i += TV.Width)
            {
                TV.Store(scratch + i, Cap(TV.Load(scratch + i)));
            }

            if (i < count)
            {
                SimdTail.Store(scratch + i, Cap(SimdTail.Load<TV>(scratch + i, count - i, 0f)), count - i);
            }
        }

        return scratch;
    }

    /// <summary>u of one raw logit, bit for bit what <see cref="Block"/> gives.</summary>
    public float Value<T>(T* logit)
        where T : unmanaged
    {
        float value = Storage.Read(logit);
        if (Capped)
        {
            Lanes1.Store(&value, Cap(Lanes1.Broadcast(value)));
        }

        return value;
    }

    // A logit of −∞ is a masked token: capped like the others it would come back with probability.
    private TV Cap<TV>(TV logits)
        where TV : struct, ISimd<TV>
    {
        TV masked = TV.Broadcast(float.NegativeInfinity);
        TV capped = TV.Broadcast(_cap) * SimdMath.Tanh(logits * TV.Broadcast(_inner));
        return TV.Select(TV.IsEqual(logits, masked), masked, capped);
    }
}
