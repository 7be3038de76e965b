using System.CommandLine.Parsing;
using Rlhf.Models;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>Options of a command line by name, in the order in which they were first given.</summary>
internal sealed class BenchOptions
{
    private readonly OrderedDictionary<string, string[]> _values;

    private BenchOptions(IEnumerable<KeyValuePair<string, string[]>> values) => _values = new(values, StringComparer.Ordinal);

    /// <summary>Their names, with dashes.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Names and values as words.</summary>
    public IEnumerable<string> Words => _values.SelectMany(option => (string[])[option.Key, .. option.Value]);

    /// <summary>Options of a text as a person types it, words with blanks in double quotes.</summary>
    /// <param name="text">Options alone, no verb.</param>
    /// <param name="where">Where it stands, for the error.</param>
    /// <exception cref="DataFormatException">A value stands before the first option.</exception>
    public static BenchOptions Parse(string text, string where = "command")
    {
        var options = new BenchOptions([]);
        string? name = null;
        foreach (string word in CommandLineParser.SplitCommandLine(text))
        {
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                int equals = word.IndexOf('=', StringComparison.Ordinal);
                name = equals < 0 ? word : word[..equals];
                options._values[name] = equals < 0 ? [] : [word[(equals + 1)..]];
            }
            else
            {
                options._values[name ?? throw new DataFormatException($"{where}: '{word}', expected --NAME VALUE")] = [.. options._values[name], word];
            }
        }

        return options;
    }

    /// <summary>Words as a person types them.</summary>
    public static string Text(IEnumerable<string> words) => string.Join(' ', words.Select(word => word.Any(char.IsWhiteSpace) ? $"\"{word}\"" : word));

    /// <summary>One option as it would be typed, or that there is none.</summary>
    public string Describe(string name) => _values.TryGetValue(name, out string[]? value) ? Text([name, .. value]) : $"no {name}";

    /// <summary>The first option that two command lines do not have alike; null where they do.</summary>
    public string? Difference(BenchOptions other) => Names.Union(other.Names).FirstOrDefault(name => Describe(name) != other.Describe(name));

    /// <summary>These and others, whose values take the place of those given here.</summary>
    public BenchOptions With(BenchOptions others)
    {
        var all = new BenchOptions(_values);
        foreach ((string name, string[] value) in others._values)
            all._values[name] = value;
        return all;
    }

    /// <summary>All options but one.</summary>
    public BenchOptions Without(string name) => new(_values.Where(option => option.Key != name));
}
