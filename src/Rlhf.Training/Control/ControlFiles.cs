using System.Text.Json;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;

namespace Rlhf.Training.Control;

/// <summary>Small JSON files of a checkpoint.</summary>
internal static class ControlFiles
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void WriteJson<T>(string path, T value) => TrainingRun.WriteText(path, JsonSerializer.Serialize(value, Indented));

    /// <exception cref="DataFormatException">Missing or malformed.</exception>
    public static T ReadJson<T>(string path, string expected)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path)) ?? throw new JsonException("null");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DataFormatException($"{path}: {(File.Exists(path) ? "malformed" : "missing")}, expected {expected}", error);
        }
    }
}
