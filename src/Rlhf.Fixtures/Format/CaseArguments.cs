using System.Text.Json;

namespace Rlhf.Fixtures.Format;

/// <summary>The arguments of a case. Every one that a runner does not read fails the case: none is ever passed over.</summary>
public sealed class CaseArguments
{
    private readonly JsonElement _arguments;
    private readonly HashSet<string> _read = [];

    internal CaseArguments(JsonElement arguments) => _arguments = arguments;

    /// <summary>Arguments that nothing has read, in the order of case.json.</summary>
    public IEnumerable<string> Unread => _arguments.EnumerateObject().Select(argument => argument.Name).Where(name => !_read.Contains(name));

    /// <summary>Throws for the first argument that nothing has read. A runner calls it once all reading is done.</summary>
    public void RejectUnread()
    {
        if (Unread.FirstOrDefault() is { } name)
            throw new FixtureException($"argument '{name}' is not understood");
    }

    /// <summary>A number.</summary>
    public double Number(string name) => CaseJson.Number(Required(name), $"arguments.{name}");

    /// <summary>A number, or null when the argument is absent or null.</summary>
    public double? OptionalNumber(string name) => Find(name) is { } value ? CaseJson.Number(value, $"arguments.{name}") : null;

    /// <summary>An integer.</summary>
    public int Integer(string name) => CaseJson.Integer(Required(name), $"arguments.{name}");

    /// <summary>An integer, or null when the argument is absent or null.</summary>
    public int? OptionalInteger(string name) => Find(name) is { } value ? CaseJson.Integer(value, $"arguments.{name}") : null;

    /// <summary>True or false; <paramref name="otherwise"/> when the argument is absent or null.</summary>
    public bool Boolean(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw CaseJson.Wrong($"arguments.{name}", value, "true or false"),
    };

    /// <summary>One of a few words; the first when the argument is absent or null.</summary>
    public string Choice(string name, params ReadOnlySpan<string> choices)
    {
        if (Find(name) is not { } value)
            return choices[0];
        string text = CaseJson.Require(value, $"arguments.{name}", JsonValueKind.String).GetString()!;
        return choices.Contains(text) ? text : throw CaseJson.Wrong($"arguments.{name}", value, $"one of {string.Join(", ", choices!)}");
    }

    /// <summary>Some text.</summary>
    public string Text(string name) => CaseJson.Require(Required(name), $"arguments.{name}", JsonValueKind.String).GetString()!;

    /// <summary>A list or object, as JSON.</summary>
    public JsonElement Structure(string name, JsonValueKind kind) => CaseJson.Require(Required(name), $"arguments.{name}", kind);

    /// <summary>A list of numbers.</summary>
    public double[] Numbers(string name) =>
        [.. Structure(name, JsonValueKind.Array).EnumerateArray().Select(value => CaseJson.Number(value, $"arguments.{name}"))];

    /// <summary>A size that a tensor's shape must agree with; may be absent.</summary>
    public void Size(string name, int actual)
    {
        if (OptionalInteger(name) is { } size && size != actual)
            throw new FixtureException($"argument '{name}' is {size}, the tensors say {actual}");
    }

    /// <summary>Whether the argument stands there and is not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Arguments that tell how the reference was run and ask nothing of the code under test.</summary>
    public void Remarks(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            _read.Add(name);
    }

    private JsonElement Required(string name) => Find(name) ?? throw new FixtureException($"argument '{name}' is missing");

    private JsonElement? Find(string name)
    {
        _read.Add(name);
        return _arguments.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }
}
