using System.Text.Json.Serialization;
using Rlhf.Models;

namespace Rlhf.Training.Control;

/// <summary>Where a run stands beside weights, optimizers and environments. Random numbers and learning rate follow from the update's number.</summary>
/// <param name="Algorithm">trpo, a2c or ppo.</param>
/// <param name="Update">Updates made.</param>
internal sealed record ControlState([property: JsonRequired] string Algorithm, [property: JsonRequired] int Update)
{
    private const string FileName = "trainer_state.json";

    public void Save(string directory) => ControlFiles.WriteJson(Path.Combine(directory, FileName), this);

    /// <exception cref="DataFormatException">Missing, malformed, or of another algorithm.</exception>
    public static int Load(string directory, string algorithm)
    {
        string path = Path.Combine(directory, FileName);
        ControlState state = ControlFiles.ReadJson<ControlState>(path, $"the state of a run of {algorithm}");
        return state.Algorithm == algorithm
            ? state.Update
            : throw new DataFormatException($"{path}: a run of {state.Algorithm}, expected {algorithm}");
    }
}
