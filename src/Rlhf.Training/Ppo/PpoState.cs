using System.Text.Json;
using System.Text.Json.Serialization;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;

namespace Rlhf.Training.Ppo;

/// <summary>Where a run stands beside weights and optimizers. Prompts, random numbers and learning rate follow from the update's number.</summary>
/// <param name="Update">Updates made.</param>
/// <param name="KlCoef">β of the next update.</param>
internal sealed record PpoState([property: JsonRequired] int Update, [property: JsonRequired] double KlCoef)
{
    private const string FileName = "trainer_state.json";

    public void Save(string directory) => TrainingRun.WriteText(Path.Combine(directory, FileName), JsonSerializer.Serialize(this));

    /// <exception cref="DataFormatException">Missing or malformed.</exception>
    public static PpoState Load(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            return JsonSerializer.Deserialize<PpoState>(File.ReadAllText(path)) ?? throw new JsonException("null");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DataFormatException($"{path}: {(File.Exists(path) ? "malformed" : "missing")}, expected the state of a PPO run", error);
        }
    }
}
