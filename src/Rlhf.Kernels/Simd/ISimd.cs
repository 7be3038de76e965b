using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Simd;

/// <summary>
/// A register of f32 lanes. Kernels are written once against this and compiled for each width; the JIT resolves every
/// member statically, so nothing of the abstraction is left in the loop.
/// Comparisons give all-ones or all-zero lanes for <see cref="Select"/>.
/// </summary>
internal unsafe interface ISimd<TSelf>
    where TSelf : struct, ISimd<TSelf>
{
    static abstract int Width { get; }

    static abstract TSelf Broadcast(float value);

    static abstract TSelf Load(float* source);

    /// <summary>Widens bf16 to f32 (exact).</summary>
    static abstract TSelf Load(BFloat16* source);

    static abstract void Store(float* destination, TSelf value);

    /// <summary>Rounds to the nearest bf16, ties to even.</summary>
    static abstract void Store(BFloat16* destination, TSelf value);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator -(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, TSelf right);

    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>a·b + c with one rounding.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    /// <summary>The larger lane; where one is NaN the right one (the processor's own rule).</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>The smaller lane; where one is NaN the right one (the processor's own rule).</summary>
    static abstract TSelf Min(TSelf left, TSelf right);

    static abstract TSelf Abs(TSelf value);

    static abstract TSelf Sqrt(TSelf value);

    static abstract TSelf GreaterThan(TSelf left, TSelf right);

    static abstract TSelf GreaterThanOrEqual(TSelf left, TSelf right);

    static abstract TSelf IsEqual(TSelf left, TSelf right);

    /// <summary>Lane of <paramref name="whenTrue"/> where the mask lane is set, else of <paramref name="whenFalse"/>: nothing is multiplied away.</summary>
    static abstract TSelf Select(TSelf mask, TSelf whenTrue, TSelf whenFalse);

    /// <summary>Mask lanes from bytes: set where the byte is not zero.</summary>
    static abstract TSelf MaskFromBytes(byte* source);

    /// <summary>The nearest integral value, ties to even; |value| below 2^22.</summary>
    static abstract TSelf RoundToIntegral(TSelf value);

    /// <summary>value · 2^exponent by adding to the exponent field: value normal, exponent integral, result normal.</summary>
    static abstract TSelf ScaleByPowerOfTwo(TSelf value, TSelf exponent);

    /// <summary>The value's low bits moved up into the exponent field: 2^n where the bits hold n + 127 (0 … 127 gives 2^−127, flushed to 0, … 1).</summary>
    static abstract TSelf PowerOfTwoFromLowBits(TSelf value);

    /// <summary>Whether any lane of a mask is set.</summary>
    static abstract bool Any(TSelf mask);

    /// <summary>value = mantissa · 2^exponent with the mantissa in [√½, √2): value positive, normal, finite.</summary>
    static abstract TSelf SplitExponent(TSelf value, out TSelf exponent);

    /// <summary>Sum of the lanes, halves added pairwise: a fixed order.</summary>
    static abstract float Sum(TSelf value);

    /// <summary>Sum of the lanes in f64, in lane order.</summary>
    static abstract double SumWide(TSelf value);

    static abstract float MaxAcross(TSelf value);
}
