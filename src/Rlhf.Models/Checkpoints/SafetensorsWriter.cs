using System.Buffers.Binary;
using System.Text.Json;

namespace Rlhf.Models.Checkpoints;

/// <summary>
/// Writes a safetensors file: aside, flushed, renamed. The order does not depend on the caller: wider types first, then by name, so
/// that every tensor is aligned to its element and the same tensors give the same bytes.
/// </summary>
public static class SafetensorsWriter
{
    private const int ChunkElements = 1 << 18;

    /// <summary>Writes tensors, and optional strings for the header's <c>__metadata__</c>.</summary>
    /// <exception cref="ArgumentException">A dtype that cannot be written, a name given twice, or values that do not fit the shape.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        List<TensorSource> ordered = [.. tensors.OrderByDescending(tensor => ElementTypes.Size(tensor.DType)).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        Validate(ordered);
        byte[] header = Header(ordered, metadata);
        DurableFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            byte[] chunk = new byte[ChunkElements * sizeof(float)];
            foreach (TensorSource tensor in ordered)
                WriteValues(stream, tensor, chunk);
        });
    }

    internal static void Validate(IEnumerable<TensorSource> tensors)
    {
        HashSet<string> names = [];
        foreach (TensorSource tensor in tensors)
        {
            if (tensor.DType is not ("F32" or "BF16" or "F16"))
                throw new ArgumentException($"tensor '{tensor.Name}': dtype {tensor.DType}, expected F32, BF16 or F16", nameof(tensors));
            if (tensor.Name == "__metadata__" || !names.Add(tensor.Name))
                throw new ArgumentException($"tensor '{tensor.Name}': the name is reserved or given twice", nameof(tensors));
            if (tensor.Shape.Any(size => size < 0))
                throw new ArgumentException($"tensor '{tensor.Name}': shape [{string.Join(", ", tensor.Shape)}] has a negative size", nameof(tensors));
        }
    }

    private static byte[] Header(List<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (TensorSource tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType);
                json.WriteStartArray("shape");
                foreach (int size in tensor.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.ByteCount);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Data begin at a multiple of 8, which is what spaces after the JSON are for.
        while (stream.Length % 8 != 0)
            stream.WriteByte((byte)' ');
        return stream.ToArray();
    }

    private static void WriteValues(Stream stream, TensorSource tensor, byte[] chunk)
    {
        int size = ElementTypes.Size(tensor.DType);
        ReadOnlySpan<float> values = tensor.Values();
        if (values.Length * (long)size != tensor.ByteCount)
            throw new ArgumentException($"tensor '{tensor.Name}': {values.Length} values, expected {tensor.ByteCount / size} for shape [{string.Join(", ", tensor.Shape)}]");
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, ChunkElements);
            Span<byte> raw = chunk.AsSpan(0, count * size);
            ElementTypes.FromSingle(tensor.DType, values[..count], raw);
            stream.Write(raw);
            values = values[count..];
        }
    }
}
