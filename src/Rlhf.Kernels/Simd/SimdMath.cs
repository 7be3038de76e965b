using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Simd;

/// <summary>Elementary functions over lanes. Errors are against the exact value, in f32 ulp, measured over the whole range by the tests.</summary>
internal static class SimdMath
{
    /// <summary>√½ as it is stored: what <see cref="ISimd{TSelf}.SplitExponent"/> centres the mantissa by.</summary>
    public const int BitsOfRootHalf = 0x3F3504F3;

    private const float Log2E = 1.44269504088896341f;

    // ln 2 split so that n·Ln2High is exact for |n| < 2^11 (Cody and Waite).
    private const float Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

    // Below this e^x is under the smallest normal number; the result is zero.
    private const float Smallest = -87.336544f;

    // 1.5 · 2^23 rounds a small number to an integer in the low bits; 127 is the exponent bias.
    private const float RoundAndBias = 12582912f + 127f;

    // Above this e^x is infinite in f32.
    private const float Largest = 88.722839f;

    /// <summary>e^x, at most 2 ulp; 0 below the normal range (−∞ included), +∞ above, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Exp<TV>(TV x)
        where TV : struct, ISimd<TV>
    {
        // One less in the exponent, doubled at the end: n = 128 would leave the exponent field. The clamp at −86.5
        // keeps n − 1 in range; what lies between there and the smallest normal number is rescaled the same way.
        TV clamped = TV.Min(TV.Max(x, TV.Broadcast(-86.5f)), TV.Broadcast(Largest));
        TV n = TV.RoundToIntegral(clamped * TV.Broadcast(Log2E));
        TV value = TV.ScaleByPowerOfTwo(Reduced(clamped, n), n - TV.Broadcast(1f)) * TV.Broadcast(2f);

        value = TV.Select(TV.GreaterThan(x, TV.Broadcast(Largest)), TV.Broadcast(float.PositiveInfinity), value);
        value = TV.Select(TV.GreaterThanOrEqual(x, TV.Broadcast(-86.5f)), value, ExpNonPositive(x));
        return TV.Select(TV.IsEqual(x, x), value, x);
    }

    /// <summary>e^x for x ≤ 0 (the row kernels subtract the maximum first), at most 2 ulp; 0 below the normal range, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV ExpNonPositive<TV>(TV x)
        where TV : struct, ISimd<TV>
    {
        // Max keeps its right operand where the left is a NaN, so the NaN must be on the right.
        TV clamped = TV.Max(TV.Broadcast(Smallest), x);
        TV n = TV.RoundToIntegral(clamped * TV.Broadcast(Log2E));
        TV value = TV.ScaleByPowerOfTwo(Reduced(clamped, n), n);
        return TV.Select(TV.GreaterThan(TV.Broadcast(Smallest), x), TV.Broadcast(0f), value);
    }

    /// <summary>
    /// 2^x for x ≤ 0, at most 2 ulp; exactly 1 at 0, exactly 0 below −126.5 (−∞ included), NaN for NaN. The row kernels fold
    /// temperature and log₂ e into one factor, so this is the exponential they sum.
    /// </summary>
    /// <param name="x">At most 0.</param>
    /// <param name="clamped">x, or −127 where that is larger: finite even where x is −∞.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Exp2NonPositive<TV>(TV x, out TV clamped)
        where TV : struct, ISimd<TV>
    {
        // Max keeps its right operand where one is a NaN. Adding RoundAndBias leaves n + 127 in the low bits, n the nearest
        // integer to x; for n = −127 the exponent field becomes 0 and the product exactly 0.
        clamped = TV.Max(TV.Broadcast(-127f), x);
        TV shifted = clamped + TV.Broadcast(RoundAndBias);
        TV f = clamped - (shifted - TV.Broadcast(RoundAndBias));

        // 2^f = 1 + f q(f) on [−½, ½], q minimax of degree 5: relative error 2.6e-9 before rounding.
        TV p = TV.Broadcast(1.5594678e-4f);
        p = TV.Fma(p, f, TV.Broadcast(1.3406643e-3f));
        p = TV.Fma(p, f, TV.Broadcast(9.617693e-3f));
        p = TV.Fma(p, f, TV.Broadcast(5.5503104e-2f));
        p = TV.Fma(p, f, TV.Broadcast(2.4022652e-1f));
        p = TV.Fma(p, f, TV.Broadcast(6.9314724e-1f));
        p = TV.Fma(p, f, TV.Broadcast(1f));
        return p * TV.PowerOfTwoFromLowBits(shifted);
    }

    /// <summary>tanh x, at most 3 ulp: an odd polynomial near zero, 1 − 2 / (e^2x + 1) beyond; ±1 at ±∞, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Tanh<TV>(TV x)
        where TV : struct, ISimd<TV>
    {
        TV one = TV.Broadcast(1f), two = TV.Broadcast(2f), zero = TV.Broadcast(0f);
        TV magnitude = TV.Abs(x), square = x * x;

        // tanh x = x + x³ P(x²) for |x| < 0.625 (Cephes, tanhf).
        TV p = TV.Broadcast(-5.70498872745e-3f);
        p = TV.Fma(p, square, TV.Broadcast(2.06390887954e-2f));
        p = TV.Fma(p, square, TV.Broadcast(-5.37397155531e-2f));
        p = TV.Fma(p, square, TV.Broadcast(1.33314422036e-1f));
        p = TV.Fma(p, square, TV.Broadcast(-3.33332819422e-1f));
        TV near = TV.Fma(p * square, x, x);

        TV e = ExpNonPositive(zero - two * magnitude);
        TV far = (one - e) / (one + e);
        far = TV.Select(TV.GreaterThan(zero, x), zero - far, far);
        return TV.Select(TV.GreaterThan(TV.Broadcast(0.625f), magnitude), near, far);
    }

    /// <summary>ln x for positive, normal, finite x: at most 2 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Log<TV>(TV x)
        where TV : struct, ISimd<TV>
    {
        TV m = TV.SplitExponent(x, out TV n);
        TV one = TV.Broadcast(1f);
        TV value = TwiceAtanh((m - one) / (m + one));
        return TV.Fma(n, TV.Broadcast(Ln2High), TV.Fma(n, TV.Broadcast(Ln2Low), value));
    }

    /// <summary>ln(1 + x) for −½ ≤ x ≤ 1, to full precision near 0: at most 2 ulp. NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Log1P<TV>(TV x)
        where TV : struct, ISimd<TV> => TwiceAtanh(x / (TV.Broadcast(2f) + x));

    // 2 atanh(s) = ln((1 + s) / (1 − s)) for |s| ≤ ⅓: s + s z P(z), z = s², P interpolated at Chebyshev nodes (error 4e-10).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV TwiceAtanh<TV>(TV s)
        where TV : struct, ISimd<TV>
    {
        TV z = s * s, twice = s + s;
        TV p = TV.Broadcast(0.11612164610775634f);
        p = TV.Fma(p, z, TV.Broadcast(0.10853287900670121f));
        p = TV.Fma(p, z, TV.Broadcast(0.1429617899713976f));
        p = TV.Fma(p, z, TV.Broadcast(0.19999853165964993f));
        p = TV.Fma(p, z, TV.Broadcast(0.33333333660263703f));
        return TV.Fma(p * z, twice, twice);
    }

    // e^(x − n ln 2) by a degree-6 minimax polynomial on [−½ ln 2, ½ ln 2].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Reduced<TV>(TV x, TV n)
        where TV : struct, ISimd<TV>
    {
        TV r = TV.Fma(n, TV.Broadcast(-Ln2High), x);
        r = TV.Fma(n, TV.Broadcast(-Ln2Low), r);
        TV p = TV.Broadcast(1.9875691500e-4f);
        p = TV.Fma(p, r, TV.Broadcast(1.3981999507e-3f));
        p = TV.Fma(p, r, TV.Broadcast(8.3334519073e-3f));
        p = TV.Fma(p, r, TV.Broadcast(4.1665795894e-2f));
        p = TV.Fma(p, r, TV.Broadcast(1.6666665459e-1f));
        p = TV.Fma(p, r, TV.Broadcast(5.0000001201e-1f));
        return TV.Fma(p, r * r, r + TV.Broadcast(1f));
    }
}
