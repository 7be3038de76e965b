using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Rlhf.Preferences.Storage;

/// <summary>Arrays as bytes: little-endian floats, or frames as compressed bytes.</summary>
internal static class Blobs
{
    /// <summary>Floats as they are.</summary>
    public const string Floats = "f32";

    /// <summary>Values j/255 as Brotli-compressed bytes j.</summary>
    public const string Frames = "u8-brotli";

    // Quality 4 takes a stack's repeated frames (they lie 21 kB apart) at over 100 MB/s; above it little is won.
    private const int Quality = 4, Window = 22;

    public static byte[] Pack<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    public static T[] Unpack<T>(byte[] blob)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(blob).ToArray();

    public static byte[] PackFrames(float[] values)
    {
        byte[] bytes = new byte[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            float scaled = values[i] * 255f, rounded = MathF.Round(scaled);
            if (!(rounded >= 0 && rounded <= 255 && MathF.Abs(scaled - rounded) < 0.01f))
                throw new ArgumentException($"frame value {i} is {values[i]}, expected j/255 with j = 0…255");
            bytes[i] = (byte)rounded;
        }

        byte[] packed = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        return BrotliEncoder.TryCompress(bytes, packed, out int length, Quality, Window)
            ? packed[..length]
            : throw new InvalidOperationException($"{bytes.Length} bytes of frames do not compress into {packed.Length}");
    }

    public static float[] UnpackFrames(byte[] blob, int count)
    {
        byte[] bytes = new byte[count];
        if (!BrotliDecoder.TryDecompress(blob, bytes, out int length) || length != count)
            throw new PreferenceStoreException($"frames of a segment: {length} bytes, expected {count}; the database is damaged");
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = bytes[i] / 255f;
        return values;
    }
}
