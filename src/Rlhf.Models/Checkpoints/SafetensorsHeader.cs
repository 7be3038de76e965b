using System.Text.Json;

namespace Rlhf.Models.Checkpoints;

/// <summary>
/// Parses and validates the JSON header of a safetensors file. The rules are the format's own: every byte after the header belongs
/// to exactly one tensor, no holes, no overlaps, no bytes left over; names are unique; the header is at most 100 MB.
/// </summary>
internal static class SafetensorsHeader
{
    public const int MaxLength = 100_000_000;

    /// <summary>One tensor and where its bytes are, relative to the end of the header.</summary>
    internal readonly record struct Entry(TensorInfo Info, long Begin, long End);

    public static (List<Entry> Entries, Dictionary<string, string> Metadata) Parse(string file, ReadOnlyMemory<byte> json, long dataLength)
    {
        List<Entry> entries = [];
        Dictionary<string, string> metadata = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new DataFormatException($"{file}: header is a JSON {document.RootElement.ValueKind}, expected an object of tensors");

            HashSet<string> names = [];
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name))
                    throw new DataFormatException($"{file}: tensor '{property.Name}' appears twice in the header, expected unique names");
                if (property.Name == "__metadata__")
                    ReadMetadata(file, property.Value, metadata);
                else
                    entries.Add(ReadEntry(file, property, dataLength));
            }
        }
        catch (JsonException error)
        {
            throw new DataFormatException($"{file}: header is not valid JSON at byte {error.BytePositionInLine ?? 0}, expected an object of tensors", error);
        }
        catch (InvalidOperationException error)
        {
            // A name or string with a lone surrogate escape parses as JSON but is no text.
            throw new DataFormatException($"{file}: header holds a string that is not valid Unicode", error);
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        RequireCover(file, entries, dataLength);
        return (entries, metadata);
    }

    private static void ReadMetadata(string file, JsonElement value, Dictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new DataFormatException($"{file}: __metadata__ is a JSON {value.ValueKind}, expected an object of strings");
        foreach (JsonProperty pair in value.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String)
                throw new DataFormatException($"{file}: __metadata__ '{pair.Name}' is a JSON {pair.Value.ValueKind}, expected a string");
            if (!metadata.TryAdd(pair.Name, pair.Value.GetString()!))
                throw new DataFormatException($"{file}: __metadata__ '{pair.Name}' appears twice, expected unique names");
        }
    }

    private static Entry ReadEntry(string file, JsonProperty property, long dataLength)
    {
        string at = $"{file}: tensor '{property.Name}'";
        if (property.Value.ValueKind != JsonValueKind.Object)
            throw new DataFormatException($"{at}: is a JSON {property.Value.ValueKind}, expected an object with dtype, shape, data_offsets");

        JsonElement? dtypeField = null, shapeField = null, offsetsField = null;
        foreach (JsonProperty field in property.Value.EnumerateObject())
        {
            ref JsonElement? slot = ref offsetsField;
            if (field.NameEquals("dtype"))
                slot = ref dtypeField;
            else if (field.NameEquals("shape"))
                slot = ref shapeField;
            else if (!field.NameEquals("data_offsets"))
                throw new DataFormatException($"{at}: unknown field '{field.Name}', expected dtype, shape, data_offsets");
            if (slot is not null)
                throw new DataFormatException($"{at}: field '{field.Name}' appears twice");
            slot = field.Value;
        }

        if (dtypeField is not { ValueKind: JsonValueKind.String } dtypeElement)
            throw new DataFormatException($"{at}: dtype is missing or not a string");
        string dtype = dtypeElement.GetString()!;
        int size = ElementTypes.Size(dtype);
        if (size == 0)
            throw new DataFormatException($"{at}: unknown dtype '{dtype}', expected F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL");

        int[] shape = ReadShape(at, shapeField);
        long bytes = size;
        foreach (int dimension in shape)
        {
            if (dimension != 0 && bytes > long.MaxValue / dimension)
                throw new DataFormatException($"{at}: shape [{string.Join(", ", shape)}] overflows 64-bit sizes");
            bytes *= dimension;
        }

        if (offsetsField is not { ValueKind: JsonValueKind.Array } offsets || offsets.GetArrayLength() != 2
            || offsets[0].ValueKind != JsonValueKind.Number || offsets[1].ValueKind != JsonValueKind.Number
            || !offsets[0].TryGetInt64(out long begin) || !offsets[1].TryGetInt64(out long end))
            throw new DataFormatException($"{at}: data_offsets is not a pair of 64-bit integers");
        if (begin < 0 || end < begin || end > dataLength)
            throw new DataFormatException($"{at}: data_offsets [{begin}, {end}] out of range, expected 0 <= begin <= end <= {dataLength}");
        if (end - begin != bytes)
            throw new DataFormatException($"{at}: data_offsets span {end - begin} bytes, expected {bytes} for {dtype} [{string.Join(", ", shape)}]");
        return new Entry(new TensorInfo(property.Name, dtype, shape, file), begin, end);
    }

    private static int[] ReadShape(string at, JsonElement? field)
    {
        if (field is not { ValueKind: JsonValueKind.Array } array)
            throw new DataFormatException($"{at}: shape is missing or not an array");
        int[] shape = new int[array.GetArrayLength()];
        for (int i = 0; i < shape.Length; i++)
        {
            if (array[i].ValueKind != JsonValueKind.Number || !array[i].TryGetInt32(out shape[i]) || shape[i] < 0)
                throw new DataFormatException($"{at}: shape[{i}] is {DataFormatException.Excerpt(array[i].GetRawText())}, expected an integer between 0 and {int.MaxValue}");
        }

        return shape;
    }

    private static void RequireCover(string file, List<Entry> entries, long dataLength)
    {
        long expected = 0;
        foreach (Entry entry in entries)
        {
            if (entry.Begin != expected)
            {
                string what = entry.Begin < expected ? "overlaps the tensor before it" : "leaves a hole before it";
                throw new DataFormatException($"{file}: tensor '{entry.Info.Name}': begins at {entry.Begin} and {what}, expected {expected}");
            }

            expected = entry.End;
        }

        if (expected != dataLength)
            throw new DataFormatException($"{file}: {dataLength} bytes of data, expected {expected} (the end of the last tensor)");
    }
}
