using System.Text.Json;

namespace Rlhf.Preferences.Exchange;

/// <summary>One object of a JSON Lines file. Every getter's error names file, line and field.</summary>
internal readonly record struct JsonlLine(string Path, int Number, JsonElement Root)
{
    public bool Has(string field) => Root.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public string Text(string field)
    {
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.String ? Decode(value, field) : throw Error(field, $"a {Name(value)}, expected a string");
    }

    public string NotEmpty(string field) => Text(field) is { Length: > 0 } text ? text : throw Error(field, "empty, expected a text");

    public string TextOr(string field, string otherwise) => Has(field) ? Text(field) : otherwise;

    public long Integer(string field)
    {
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            ? number
            : throw Error(field, $"{value.GetRawText()}, expected a whole number");
    }

    /// <summary>A whole number within bounds; where the field is missing, another.</summary>
    public int IntegerOr(string field, int otherwise, int least, int most)
    {
        if (!Has(field))
            return otherwise;
        long number = Integer(field);
        return number >= least && number <= most ? (int)number : throw Error(field, $"{number}, expected {least} to {most}");
    }

    public double? Real(string field)
    {
        if (!Has(field))
            return null;
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Error(field, $"{value.GetRawText()}, expected a finite number");
    }

    public DateTimeOffset Time(string field)
    {
        JsonElement value = Required(field);
        return value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out DateTimeOffset time)
            ? time
            : throw Error(field, $"{value.GetRawText()}, expected a time as 2026-01-31T12:00:00Z");
    }

    public string[] Texts(string field)
    {
        JsonlLine line = this;
        return [.. Items(field).Select((item, i) => item.ValueKind == JsonValueKind.String
            ? line.Decode(item, $"{field}[{i}]")
            : throw line.Error($"{field}[{i}]", $"a {Name(item)}, expected a string"))];
    }

    public int[] Integers(string field)
    {
        JsonlLine line = this;
        return [.. Items(field).Select((item, i) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number)
            ? number
            : throw line.Error($"{field}[{i}]", $"{item.GetRawText()}, expected a whole number"))];
    }

    public T Named<T>(string field)
        where T : struct, Enum
    {
        string text = Text(field);
        return Enum.GetNames<T>().Contains(text) ? Enum.Parse<T>(text) : throw Error(field, $"'{text}', expected {string.Join(", ", Enum.GetNames<T>())}");
    }

    /// <summary>Bytes in base64, as many numbers as they hold; none where the field is missing.</summary>
    public byte[] Bytes(string field, int size)
    {
        if (!Has(field))
            return [];
        JsonElement value = Required(field);
        if (value.ValueKind != JsonValueKind.String || !value.TryGetBytesFromBase64(out byte[]? bytes))
            throw Error(field, "not base64");
        return bytes.Length % size == 0 ? bytes : throw Error(field, $"{bytes.Length} bytes, expected a multiple of {size}");
    }

    public PreferenceStoreException Error(string field, string what) => new($"{Path}: line {Number}: field '{field}': {what}");

    public PreferenceStoreException Error(Exception error) => new($"{Path}: line {Number}: {error.Message}", error);

    public static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };

    private JsonElement Required(string field) => Has(field)
        ? Root.GetProperty(field)
        : throw Error(field, $"missing, the line has {string.Join(", ", Root.EnumerateObject().Select(property => $"'{property.Name}'"))}");

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
            throw new PreferenceStoreException(Error(field, "an escape that is half a character").Message, error);
        }
    }
}
