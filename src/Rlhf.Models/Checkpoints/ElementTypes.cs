using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Rlhf.Models.Checkpoints;

/// <summary>Storage types by their safetensors names: sizes, and conversion of raw little-endian bytes.</summary>
internal static class ElementTypes
{
    /// <summary>Bytes per element, or 0 for a name that is not a known type.</summary>
    public static int Size(string dtype) => dtype switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" => 1,
        _ => 0,
    };

    public static bool IsFloat(string dtype) => dtype is "F64" or "F32" or "F16" or "BF16";

    public static bool IsInteger(string dtype) =>
        dtype is "I64" or "I32" or "U32" or "I16" or "U16" or "I8" or "U8" or "BOOL";

    public static void ToSingle(string dtype, ReadOnlySpan<byte> raw, Span<float> destination)
    {
        switch (dtype)
        {
            case "F32":
                MemoryMarshal.Cast<byte, float>(raw).CopyTo(destination);
                break;
            case "F64":
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, double>(raw), destination);
                break;
            case "F16":
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(raw), destination);
                break;
            default:
                ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<byte, ushort>(raw);
                Span<uint> words = MemoryMarshal.Cast<float, uint>(destination);
                for (int i = 0; i < bits.Length; i++)
                    words[i] = (uint)bits[i] << 16;
                break;
        }
    }

    public static void ToDouble(string dtype, ReadOnlySpan<byte> raw, Span<double> destination)
    {
        if (dtype == "F64")
        {
            MemoryMarshal.Cast<byte, double>(raw).CopyTo(destination);
            return;
        }

        // Every narrower type is exact in f32, so the detour rounds nothing.
        float[] narrow = new float[destination.Length];
        ToSingle(dtype, raw, narrow);
        TensorPrimitives.ConvertTruncating<float, double>(narrow, destination);
    }

    public static void ToInt64(string dtype, ReadOnlySpan<byte> raw, Span<long> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = dtype switch
            {
                "I64" => MemoryMarshal.Cast<byte, long>(raw)[i],
                "I32" => MemoryMarshal.Cast<byte, int>(raw)[i],
                "U32" => MemoryMarshal.Cast<byte, uint>(raw)[i],
                "I16" => MemoryMarshal.Cast<byte, short>(raw)[i],
                "U16" => MemoryMarshal.Cast<byte, ushort>(raw)[i],
                "I8" => (sbyte)raw[i],
                _ => raw[i],
            };
        }
    }

    /// <summary>Stores f32 values as F32, BF16 or F16, rounding to nearest, ties to even.</summary>
    public static void FromSingle(string dtype, ReadOnlySpan<float> source, Span<byte> raw)
    {
        switch (dtype)
        {
            case "F32":
                MemoryMarshal.AsBytes(source).CopyTo(raw);
                break;
            case "F16":
                TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<byte, Half>(raw));
                break;
            default:
                Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(raw);
                for (int i = 0; i < source.Length; i++)
                    words[i] = ToBFloat16(source[i]);
                break;
        }
    }

    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);

        // Rounding a NaN could carry into the exponent and leave an infinity: keep its top bits and make it quiet.
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
