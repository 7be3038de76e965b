using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Models;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Checkpointing;

/// <summary>
/// The directory of a training run: <c>training_args.json</c>, <c>metrics.jsonl</c>, the newest <c>checkpoint-STEP/</c> while it runs, and
/// <c>model/</c> and <c>finished.json</c> when it is done. Each appears whole or not at all; a run that dies leaves its last good checkpoint.
/// </summary>
public sealed class TrainingRun
{
    private const string ArgumentsName = "training_args.json";
    private const string FinishedName = "finished.json";
    private const string CheckpointPrefix = "checkpoint-";
    private const string StateName = "trainer_state.json";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private TrainingRun(string directory) => Directory = directory;

    /// <summary>The run's directory.</summary>
    public string Directory { get; }

    /// <summary>Begins or continues a run. Call it when all inputs have been read: it is the first thing that writes.</summary>
    /// <param name="directory">Made if needed.</param>
    /// <param name="arguments">The settings, kept beside the results.</param>
    /// <param name="resume">Continue what is there; otherwise older checkpoints of the directory are removed, and a run that finished there no longer counts.</param>
    public static TrainingRun Open(string directory, JsonObject arguments, bool resume = false)
    {
        if (File.Exists(directory))
            throw new DataFormatException($"{directory}: is a file, expected a directory or nothing");
        System.IO.Directory.CreateDirectory(directory);
        var run = new TrainingRun(directory);
        if (!resume)
            File.Delete(Path.Combine(directory, FinishedName));
        WriteText(Path.Combine(directory, ArgumentsName), arguments.ToJsonString(Indented));
        if (!resume)
            run.RemoveCheckpoints(except: null);
        return run;
    }

    /// <summary>The settings that stand beside a run's results; null where there are none yet.</summary>
    /// <exception cref="DataFormatException">Not a JSON object.</exception>
    public static JsonObject? ReadArguments(string directory)
    {
        string path = Path.Combine(directory, ArgumentsName);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("not an object");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DataFormatException($"{path}: malformed, expected the settings of a run", error);
        }
    }

    /// <summary>The newest checkpoint of a run directory.</summary>
    /// <exception cref="DataFormatException">There is none.</exception>
    public static string LatestCheckpoint(string directory) =>
        Checkpoints(directory).OrderByDescending(checkpoint => checkpoint.Step).Select(checkpoint => checkpoint.Path).FirstOrDefault()
        ?? throw new DataFormatException($"{directory}: no {CheckpointPrefix}STEP directory to resume from");

    /// <summary>Whether a run's directory has a whole checkpoint to resume from.</summary>
    public static bool HasCheckpoint(string directory) => Checkpoints(directory).Any();

    /// <summary>Whether a run's directory has its finished model: to go on from there would be to train it anew.</summary>
    public static bool IsFinished(string directory) => File.Exists(Path.Combine(directory, FinishedName));

    /// <summary>The model of a run or checkpoint, or the directory itself where it is a model.</summary>
    public static string ResolveModel(string directory) =>
        !File.Exists(Path.Combine(directory, "config.json")) && File.Exists(Path.Combine(ModelDirectory(directory), "config.json"))
            ? ModelDirectory(directory)
            : directory;

    /// <summary>Where a run or checkpoint has its model.</summary>
    public static string ModelDirectory(string directory) => Path.Combine(directory, "model");

    /// <summary>Writes a checkpoint aside, gives it its name, then removes the older ones.</summary>
    /// <param name="step">Optimizer step it was made after.</param>
    /// <param name="write">Writes everything into the directory given to it.</param>
    /// <param name="buffers">The weights that go into it.</param>
    /// <exception cref="TrainingDivergedException">A weight is NaN or infinite: the last good checkpoint stays.</exception>
    public void SaveCheckpoint(int step, Action<string> write, params ReadOnlySpan<ParameterBuffers> buffers)
    {
        ThrowIfNotFinite(step, buffers);
        string target = Path.Combine(Directory, CheckpointPrefix + step.ToString(CultureInfo.InvariantCulture));
        string aside = $"{target}.tmp";
        Remove(aside);
        System.IO.Directory.CreateDirectory(aside);
        try
        {
            write(aside);
            Remove(target);
            System.IO.Directory.Move(aside, target);
        }
        catch
        {
            Remove(aside);
            throw;
        }

        RemoveCheckpoints(except: target);
    }

    /// <summary>Writes the finished model, says that it is whole, and only then removes the checkpoints that led to it.</summary>
    /// <param name="step">Optimizer steps made.</param>
    /// <param name="save">Saves the model to the directory given to it.</param>
    /// <param name="buffers">The weights that go into it.</param>
    /// <exception cref="TrainingDivergedException">A weight is NaN or infinite: the last good checkpoint stays.</exception>
    public void Finish(int step, Action<string> save, params ReadOnlySpan<ParameterBuffers> buffers)
    {
        ThrowIfNotFinite(step, buffers);
        save(ModelDirectory(Directory));
        WriteText(Path.Combine(Directory, FinishedName), new JsonObject { ["step"] = step }.ToJsonString());
        RemoveCheckpoints(except: null);
    }

    /// <summary>Writes a trainer's state into a checkpoint.</summary>
    public static void WriteState(string directory, TrainerState state) =>
        WriteText(Path.Combine(directory, StateName), JsonSerializer.Serialize(state, Indented));

    /// <summary>Reads a trainer's state from a checkpoint.</summary>
    /// <exception cref="DataFormatException">Missing or malformed.</exception>
    public static TrainerState ReadState(string directory)
    {
        string path = Path.Combine(directory, StateName);
        try
        {
            return JsonSerializer.Deserialize<TrainerState>(File.ReadAllText(path)) ?? throw new JsonException("null");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DataFormatException($"{path}: {(File.Exists(path) ? "malformed" : "missing")}, expected a trainer's state", error);
        }
    }

    private static IEnumerable<(int Step, string Path)> Checkpoints(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
            yield break;
        foreach (string path in System.IO.Directory.EnumerateDirectories(directory, CheckpointPrefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(path)[CheckpointPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int step))
                yield return (step, path);
        }
    }

    private static void ThrowIfNotFinite(int step, ReadOnlySpan<ParameterBuffers> models)
    {
        foreach (ParameterBuffers buffers in models)
        {
            if (buffers.FirstNonFinite() is { } bad)
                throw new TrainingDivergedException($"training diverged at step {step}: {bad}; no checkpoint written");
        }
    }

    private void RemoveCheckpoints(string? except)
    {
        foreach ((_, string path) in Checkpoints(Directory).Where(checkpoint => checkpoint.Path != except).ToList())
            Remove(path);
    }

    private static void Remove(string directory)
    {
        if (System.IO.Directory.Exists(directory))
            System.IO.Directory.Delete(directory, recursive: true);
    }

    /// <summary>A small text file that appears whole, on the disk, or not at all.</summary>
    internal static void WriteText(string path, string text)
    {
        string aside = $"{path}.tmp";
        using (FileStream stream = new(aside, FileMode.Create, FileAccess.Write))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text + "\n"));
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: true);
    }
}
