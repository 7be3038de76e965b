using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Memory;

/// <summary>bfloat16 storage: the upper half of an IEEE binary32. Arithmetic happens in f32.</summary>
public readonly record struct BFloat16(ushort Bits)
{
    /// <summary>The exact f32 value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static explicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value.Bits << 16);

    /// <summary>The nearest bfloat16, ties to even; NaN stays a (quiet) NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static explicit operator BFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? new BFloat16((ushort)((bits >> 16) | 0x0040))
            : new BFloat16((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }

    /// <summary>The f32 value as text.</summary>
    public override string ToString() => ((float)this).ToString();
}
