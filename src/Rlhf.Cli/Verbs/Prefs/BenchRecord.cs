using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Models;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>What stands beside a run of a grid, from its beginning on: <c>cell.json</c> in its folder.</summary>
/// <param name="Command">The command that runs it from its beginning, without the program's name.</param>
/// <param name="Seconds">How long it took; null until it has ended. Of a resumed run: its last part.</param>
/// <param name="Resumed">Whether it was killed in between.</param>
internal sealed record BenchRecord(string Command, double? Seconds, bool Resumed)
{
    private const string Name = "cell.json";

    /// <summary>Of a run's folder; null where none began.</summary>
    /// <exception cref="DataFormatException">The file is not such a record.</exception>
    public static BenchRecord? Read(string directory)
    {
        string path = Path.Combine(directory, Name);
        if (!File.Exists(path))
            return null;
        try
        {
            JsonNode? cell = JsonNode.Parse(File.ReadAllText(path));
            if ((string?)cell?["command"] is { } command)
                return new BenchRecord(command, (double?)cell["seconds"], (bool?)cell["resumed"] ?? false);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new DataFormatException($"{path}: malformed, expected the command of a run", error);
        }

        throw new DataFormatException($"{path}: no command, expected that of a run");
    }

    /// <summary>Puts it into a run's folder, which is made if needed.</summary>
    public void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        OutputFile.WriteLines(Path.Combine(directory, Name), [new JsonObject
        {
            ["command"] = Command,
            ["seconds"] = Seconds,
            ["resumed"] = Resumed,
        }.ToJsonString()]);
    }

    /// <summary>Refuses to go on with a run that another command began: grids compare runs that are alike.</summary>
    /// <param name="folder">Where it stands, for the error.</param>
    /// <param name="command">What would be run. Where its results go is not compared.</param>
    /// <exception cref="DataFormatException">The first option that differs.</exception>
    public void RequireSame(string folder, string command)
    {
        (BenchOptions before, BenchOptions now) = (Options(Command), Options(command));
        if (now.Difference(before) is { } name)
            throw new DataFormatException($"{folder}: run with {before.Describe(name)}, this grid has {now.Describe(name)}; give another --output_dir");
    }

    private static BenchOptions Options(string command) =>
        BenchOptions.Parse(command[Math.Max(0, command.IndexOf("--", StringComparison.Ordinal))..]).Without("--output_dir");
}
