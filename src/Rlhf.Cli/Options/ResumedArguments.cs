using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;

namespace Rlhf.Cli.Options;

/// <summary>
/// A run goes on with the settings that it was begun with, given or left to their defaults alike: another seed alone would make pairs that
/// were trained on into pairs that validate.
/// </summary>
internal static class ResumedArguments
{
    // Where results go, how a run is watched, what it runs on: nothing of it changes what is learned.
    private static readonly HashSet<string> Free =
    [
        "output_dir", "db", "resume_from_checkpoint", "report_to", "threads", "logging_steps", "save_steps", "eval_episodes",
        "gym_python", "gym_start_timeout", "gym_step_timeout",
    ];

    private static readonly HashSet<string> Growing = ["steps", "labels"];

    /// <summary>Compares what a command line says with what stands in a run's folder; a run that left no settings may have any.</summary>
    /// <param name="directory">The run's folder.</param>
    /// <param name="arguments">Of the command line, by name.</param>
    /// <exception cref="DataFormatException">The first option that differs.</exception>
    public static void RequireSame(string directory, JsonObject arguments)
    {
        bool finished = TrainingRun.IsFinished(directory);
        JsonObject stored = TrainingRun.ReadArguments(directory) ?? [];
        foreach ((string name, JsonNode? value) in arguments.Where(argument => !Free.Contains(argument.Key) && stored.ContainsKey(argument.Key)))
        {
            (string given, string before) = (Text(value), Text(stored[name]));
            if (given == before)
                continue;
            bool grows = !finished && Growing.Contains(name);
            if (!grows || !(Number(given) > Number(before)))
                throw new DataFormatException($"--{name}: {given}, but the run in {directory} has {before}{(finished ? " and is finished" : string.Empty)}; expected {(grows ? "at least as many" : "the same")} to go on with it");
        }
    }

    private static string Text(JsonNode? value) => value switch
    {
        null => "the default",
        JsonValue text when text.TryGetValue(out string? word) => word,
        _ => value.ToJsonString(),
    };

    private static double Number(string text) => double.TryParse(text, CultureInfo.InvariantCulture, out double number) ? number : double.NaN;
}
