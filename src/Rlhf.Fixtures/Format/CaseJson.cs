using System.Text.Json;

namespace Rlhf.Fixtures.Format;

/// <summary>Reads JSON values; each failure names the field, what was found and what was expected.</summary>
internal static class CaseJson
{
    /// <summary>A member of an object; <paramref name="path"/> is what stands before its name in messages.</summary>
    public static JsonElement Member(JsonElement parent, string field, JsonValueKind kind, string path = "")
    {
        if (!parent.TryGetProperty(field, out JsonElement value))
            throw new FixtureException($"case.json: no field '{path}{field}'");
        return Require(value, path + field, kind);
    }

    public static JsonElement Require(JsonElement value, string field, JsonValueKind kind) =>
        value.ValueKind == kind ? value : throw Wrong(field, value, kind.ToString().ToLowerInvariant());

    public static string Text(JsonElement parent, string field, string path = "") =>
        Member(parent, field, JsonValueKind.String, path).GetString()!;

    /// <summary>A number, or one of the strings that stand for what JSON cannot hold.</summary>
    public static double Number(JsonElement value, string field) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when value.GetString() is "NaN" => double.NaN,
        JsonValueKind.String when value.GetString() is "Infinity" => double.PositiveInfinity,
        JsonValueKind.String when value.GetString() is "-Infinity" => double.NegativeInfinity,
        _ => throw Wrong(field, value, "a number"),
    };

    public static int Integer(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int integer) ? integer : throw Wrong(field, value, "an integer");

    public static FixtureException Wrong(string field, JsonElement value, string expected)
    {
        string text = value.GetRawText().ReplaceLineEndings(" ");
        return new FixtureException($"case.json: '{field}' is {(text.Length <= 60 ? text : text[..57] + "...")}, expected {expected}");
    }
}
