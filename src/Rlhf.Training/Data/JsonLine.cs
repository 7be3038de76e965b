using System.Text.Json;
using Rlhf.Models;

namespace Rlhf.Training.Data;

/// <summary>One object of a JSON Lines file. Every getter's error names file, line and field.</summary>
/// <param name="Path">The file.</param>
/// <param name="Number">Line number from 1.</param>
/// <param name="Root">The object.</param>
public readonly record struct JsonLine(string Path, int Number, JsonElement Root)
{
    /// <summary>Whether the field is there and not null.</summary>
    public bool Has(string field) => Root.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A text.</summary>
    public string Text(string field)
    {
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.String ? Decode(value, field) : throw Error(field, $"a {Name(value)}, expected a string");
    }

    /// <summary>A finite number, or null where there is none.</summary>
    public float? OptionalNumber(string field)
    {
        if (!Has(field))
            return null;
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number)
            ? number
            : throw Error(field, $"{value.GetRawText()}, expected a finite number");
    }

    /// <summary>A 64-bit integer.</summary>
    public long Integer(string field)
    {
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            ? number
            : throw Error(field, $"{value.GetRawText()}, expected an integer");
    }

    /// <summary>An array of texts.</summary>
    public string[] Texts(string field)
    {
        JsonLine line = this;
        return [.. Items(field).Select((item, i) => item.ValueKind == JsonValueKind.String
            ? line.Decode(item, $"{field}[{i}]")
            : throw line.Error($"{field}[{i}]", $"a {Name(item)}, expected a string"))];
    }

    /// <summary>An array of 32-bit integers.</summary>
    public int[] Integers(string field)
    {
        JsonLine line = this;
        return [.. Items(field).Select((item, i) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number)
            ? number
            : throw line.Error($"{field}[{i}]", $"{item.GetRawText()}, expected an integer"))];
    }

    /// <summary>The one-line error of a field of this line.</summary>
    public DataFormatException Error(string field, string what) => new($"{Path}: line {Number}: field '{field}': {what}");

    internal static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };

    private JsonElement Required(string field) =>
        Has(field) ? Root.GetProperty(field) : throw Error(field, $"missing, the line has {Fields()}");

    private JsonElement.ArrayEnumerator Items(string field)
    {
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Error(field, $"a {Name(value)}, expected an array");
    }

    private string Decode(JsonElement value, string field)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            // An escaped half of a surrogate pair is JSON, but no text.
            throw new DataFormatException($"{Path}: line {Number}: field '{field}': an unpaired surrogate, expected Unicode text", error);
        }
    }

    private string Fields()
    {
        string[] names = [.. Root.EnumerateObject().Select(property => $"'{property.Name}'").Take(8)];
        return names.Length == 0 ? "no fields" : string.Join(", ", names);
    }
}
