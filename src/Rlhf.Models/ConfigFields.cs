using System.Text.Json;

namespace Rlhf.Models;

/// <summary>Typed access to the fields of one JSON object; each failure names the file and the field.</summary>
internal sealed class ConfigFields
{
    private readonly string _file;
    private readonly JsonElement _root;

    internal ConfigFields(string file)
    {
        _file = file;
        try
        {
            using FileStream stream = File.OpenRead(file);
            using JsonDocument document = JsonDocument.Parse(stream);
            _root = document.RootElement.Clone();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataFormatException($"{file}: cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new DataFormatException($"{file}: not valid JSON, line {e.LineNumber + 1}", e);
        }

        if (_root.ValueKind != JsonValueKind.Object)
            throw new DataFormatException($"{file}: expected a JSON object");
    }

    internal bool Has(string field) => _root.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    internal int Size(string field) => Int(field) is > 0 and var size ? size : throw Bad(field, "a positive integer");

    internal int Size(string field, int otherwise) => Has(field) ? Size(field) : otherwise;

    internal int Int(string field) =>
        Value(field) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int number) ? number : throw Bad(field, "an integer");

    internal int? OptionalInt(string field) => Has(field) ? Int(field) : null;

    internal double Number(string field, double otherwise) =>
        !Has(field) ? otherwise
        : Value(field) is { ValueKind: JsonValueKind.Number } value && double.IsFinite(value.GetDouble()) ? value.GetDouble() : throw Bad(field, "a number");

    internal double Positive(string field, double otherwise) =>
        Number(field, otherwise) is > 0 and var number ? number : throw Bad(field, "a number above 0");

    internal bool Flag(string field, bool otherwise) => !Has(field) ? otherwise : Value(field).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(field, "true or false"),
    };

    internal string Text(string field) =>
        Value(field) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Bad(field, "a string");

    /// <summary>One integer or a list of them; empty when the field is absent.</summary>
    internal IReadOnlyList<int> Ints(string field)
    {
        if (!Has(field))
            return [];
        JsonElement value = Value(field);
        if (value.ValueKind != JsonValueKind.Array)
            return [Int(field)];
        List<int> numbers = [];
        foreach (JsonElement item in value.EnumerateArray())
            numbers.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number) ? number : throw Bad(field, "integers"));
        return numbers;
    }

    /// <summary>Refuses a setting that changes the arithmetic and is not implemented.</summary>
    internal void Refuse(string field, bool when, string expected)
    {
        if (when)
            throw Bad(field, expected);
    }

    internal DataFormatException Bad(string field, string expected) =>
        new($"{_file}: field '{field}' is {(_root.TryGetProperty(field, out JsonElement value) ? value.GetRawText() : "missing")}, expected {expected}");

    private JsonElement Value(string field) => _root.TryGetProperty(field, out JsonElement value) ? value : throw Bad(field, "a value");
}
