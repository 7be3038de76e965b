using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Simd;

/// <summary>One f32 lane: the scalar form of every kernel. A mask lane is all ones (a NaN pattern) or zero.</summary>
internal readonly unsafe struct Lanes1(float lane) : ISimd<Lanes1>
{
    private readonly float _lane = lane;

    public static int Width => 1;

    private static Lanes1 Mask(bool condition) => new(BitConverter.UInt32BitsToSingle(condition ? uint.MaxValue : 0u));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Broadcast(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Load(float* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Load(BFloat16* source) => new((float)*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Lanes1 value) => *destination = value._lane;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(BFloat16* destination, Lanes1 value) => *destination = (BFloat16)value._lane;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator +(Lanes1 left, Lanes1 right) => new(left._lane + right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator -(Lanes1 left, Lanes1 right) => new(left._lane - right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator *(Lanes1 left, Lanes1 right) => new(left._lane * right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 operator /(Lanes1 left, Lanes1 right) => new(left._lane / right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Fma(Lanes1 a, Lanes1 b, Lanes1 c) => new(MathF.FusedMultiplyAdd(a._lane, b._lane, c._lane));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Max(Lanes1 left, Lanes1 right) => new(left._lane > right._lane ? left._lane : right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Min(Lanes1 left, Lanes1 right) => new(left._lane < right._lane ? left._lane : right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Abs(Lanes1 value) => new(MathF.Abs(value._lane));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Sqrt(Lanes1 value) => new(MathF.Sqrt(value._lane));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 GreaterThan(Lanes1 left, Lanes1 right) => Mask(left._lane > right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 GreaterThanOrEqual(Lanes1 left, Lanes1 right) => Mask(left._lane >= right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 IsEqual(Lanes1 left, Lanes1 right) => Mask(left._lane == right._lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 Select(Lanes1 mask, Lanes1 whenTrue, Lanes1 whenFalse) =>
        BitConverter.SingleToUInt32Bits(mask._lane) != 0 ? whenTrue : whenFalse;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 MaskFromBytes(byte* source) => Mask(*source != 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 RoundToIntegral(Lanes1 value) => new(MathF.Round(value._lane));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 ScaleByPowerOfTwo(Lanes1 value, Lanes1 exponent) =>
        new(BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(value._lane) + ((int)exponent._lane << 23)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 PowerOfTwoFromLowBits(Lanes1 value) =>
        new(BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(value._lane) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Lanes1 mask) => BitConverter.SingleToUInt32Bits(mask._lane) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes1 SplitExponent(Lanes1 value, out Lanes1 exponent)
    {
        int bits = BitConverter.SingleToInt32Bits(value._lane) - SimdMath.BitsOfRootHalf;
        exponent = new(bits >> 23);
        return new(BitConverter.Int32BitsToSingle((bits & 0x007FFFFF) + SimdMath.BitsOfRootHalf));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes1 value) => value._lane;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumWide(Lanes1 value) => value._lane;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Lanes1 value) => value._lane;
}
