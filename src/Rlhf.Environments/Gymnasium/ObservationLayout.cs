using System.Runtime.InteropServices;

namespace Rlhf.Environments.Gymnasium;

/// <summary>An observation as Python lays it out, and as this side wants it: floats, channels first, bytes as k/255.</summary>
internal sealed class ObservationLayout
{
    private readonly int _channels = 1;

    /// <summary>From what the child says of its observation space.</summary>
    /// <exception cref="GymnasiumException">A dtype or shape that is none.</exception>
    public ObservationLayout(string environment, string dtype, IReadOnlyList<int> shape)
    {
        (DType, PythonShape) = (dtype, shape);
        int width = dtype switch
        {
            "uint8" or "int8" => 1,
            "uint16" or "int16" => 2,
            "uint32" or "int32" or "float32" => 4,
            "int64" or "float64" => 8,
            _ => throw new GymnasiumException($"environment '{environment}' has observations of dtype '{dtype}', expected numbers of numpy"),
        };
        if (shape.Any(size => size <= 0) || shape.Aggregate(1L, (product, size) => product * size) is var count && count > 1 << 26)
            throw new GymnasiumException($"environment '{environment}' has observations of shape [{string.Join(", ", shape)}], expected at most 67 million numbers, none of them missing");

        Count = (int)count;
        Bytes = Count * width;
        if (dtype == "uint8" && shape.Count == 2)
            Shape = [1, shape[0], shape[1]];
        else if (dtype == "uint8" && shape.Count == 3 && shape[2] <= 4)
            (Shape, _channels) = ([shape[2], shape[0], shape[1]], shape[2]);
        else if (dtype == "uint8" && shape.Count == 3)
            Shape = shape;
        else
            Shape = [Count];
    }

    /// <summary>numpy's name of the type.</summary>
    public string DType { get; }

    /// <summary>Shape in Python.</summary>
    public IReadOnlyList<int> PythonShape { get; }

    /// <summary>Shape on this side: [n], or [channels, height, width] for bytes of two or three dimensions.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Numbers of an observation.</summary>
    public int Count { get; }

    /// <summary>Bytes of an observation in shared memory.</summary>
    public int Bytes { get; }

    /// <summary>Converts an observation; false when a number of it is not finite.</summary>
    public bool Convert(ReadOnlySpan<byte> raw, Span<float> observation)
    {
        switch (DType)
        {
            case "uint8":
                // [H, W, C] → [C, H, W]; one channel, and channels that come first, stay as they lie.
                int pixels = Count / _channels;
                for (int channel = 0; channel < _channels; channel++)
                {
                    for (int i = 0; i < pixels; i++)
                        observation[(channel * pixels) + i] = raw[(i * _channels) + channel] / 255f;
                }

                return true;
            case "float32":
                MemoryMarshal.Cast<byte, float>(raw).CopyTo(observation);
                break;
            case "float64": Narrow(MemoryMarshal.Cast<byte, double>(raw), observation); break;
            case "int8": Narrow(MemoryMarshal.Cast<byte, sbyte>(raw), observation); break;
            case "uint16": Narrow(MemoryMarshal.Cast<byte, ushort>(raw), observation); break;
            case "int16": Narrow(MemoryMarshal.Cast<byte, short>(raw), observation); break;
            case "uint32": Narrow(MemoryMarshal.Cast<byte, uint>(raw), observation); break;
            case "int32": Narrow(MemoryMarshal.Cast<byte, int>(raw), observation); break;
            default: Narrow(MemoryMarshal.Cast<byte, long>(raw), observation); break;
        }

        foreach (float value in observation[..Count])
        {
            if (!float.IsFinite(value))
                return false;
        }

        return true;
    }

    private static void Narrow<T>(ReadOnlySpan<T> values, Span<float> observation)
        where T : System.Numerics.INumberBase<T>
    {
        for (int i = 0; i < values.Length; i++)
            observation[i] = float.CreateSaturating(values[i]);
    }
}
