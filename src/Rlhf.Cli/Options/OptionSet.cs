using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Cli.Options;

/// <summary>Options of one verb, under TRL's names, that can be written down as the arguments of a run.</summary>
internal sealed class OptionSet
{
    private readonly List<(Option Option, Func<ParseResult, JsonNode?> Value)> _options = [];

    /// <summary>An option with a default.</summary>
    public Option<T> Add<T>(string name, string description, T initial)
        where T : notnull
    {
        var option = new Option<T>($"--{name}") { Description = description, DefaultValueFactory = _ => initial };
        return Keep(option);
    }

    /// <summary>A number that must be at least (or, exclusive, above) one bound and at most another.</summary>
    public Option<T> AddNumber<T>(string name, string description, T initial, T least, T? most = null, bool exclusive = false)
        where T : struct, IComparable<T>
    {
        Option<T> option = Add(name, description, initial);
        option.Validators.Add(result =>
        {
            // A value that does not parse has its own error.
            if (result.Tokens.Count == 0 || result.Errors.Any())
                return;
            T value = result.GetValueOrDefault<T>();
            int order = value.CompareTo(least);
            if (order < 0 || (exclusive && order == 0) || value is double.NaN or float.NaN)
                result.AddError($"--{name}: {value}, expected {(exclusive ? "above" : "at least")} {least}");
            else if (most is { } bound && value.CompareTo(bound) > 0)
                result.AddError($"--{name}: {value}, expected at most {bound}");
        });
        return option;
    }

    /// <summary>An option that may be left out.</summary>
    public Option<string?> AddOptional(string name, string description, string helpName, bool required = false) =>
        Keep(new Option<string?>($"--{name}") { Description = description, HelpName = helpName, Required = required });

    /// <summary>A number that may be left out, with bounds that are allowed.</summary>
    public Option<T?> AddOptionalNumber<T>(string name, string description, T least, T most)
        where T : struct, IComparable<T>
    {
        Option<T?> option = Keep(new Option<T?>($"--{name}") { Description = description });
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0 || result.Errors.Any() || result.GetValueOrDefault<T?>() is not { } value)
                return;
            if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0 || value is double.NaN)
                result.AddError($"--{name}: {value}, expected {least} to {most}");
        });
        return option;
    }

    /// <summary>One or more files.</summary>
    public Option<string[]> AddFiles(string name, string description, bool required) =>
        Keep(new Option<string[]>($"--{name}")
        {
            Description = description,
            HelpName = "FILE",
            Required = required,
            AllowMultipleArgumentsPerToken = true,
        });

    /// <summary>Any number of words, or none.</summary>
    public Option<string[]> AddSeveral(string name, string description, string helpName) =>
        Keep(new Option<string[]>($"--{name}") { Description = description, HelpName = helpName, AllowMultipleArgumentsPerToken = true });

    /// <summary>One of a few words.</summary>
    public Option<string> AddChoice(string name, string description, params string[] words)
    {
        Option<string> option = Add(name, description, words[0]);
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    /// <summary>A command with these options.</summary>
    public Command Command(string name, string description)
    {
        var command = new Command(name, description);
        foreach ((Option option, _) in _options)
            command.Add(option);
        return command;
    }

    /// <summary>All values, by name.</summary>
    public JsonObject Arguments(ParseResult result) =>
        new(_options.Select(entry => KeyValuePair.Create(entry.Option.Name.TrimStart('-'), entry.Value(result))));

    private Option<T> Keep<T>(Option<T> option)
    {
        _options.Add((option, result => JsonSerializer.SerializeToNode(result.GetValue(option))));
        return option;
    }
}
