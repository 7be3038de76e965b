using System.Text.Json.Serialization;

namespace Rlhf.Training.Control;

/// <summary>A saved policy beside its network.</summary>
/// <param name="Environment">Id of what it was trained in.</param>
/// <param name="Outputs">Outputs of the distribution.</param>
/// <param name="SharesValue">Whether the network has the value as one more output.</param>
/// <param name="Config">Settings of the network.</param>
/// <param name="LogStds">Log standard deviations; empty for choices.</param>
/// <param name="Normalizer">Moments of the observations, where they are normalised.</param>
internal sealed record PolicyState(
    [property: JsonRequired] string Environment,
    [property: JsonRequired] int Outputs,
    [property: JsonRequired] bool SharesValue,
    [property: JsonRequired] PolicyConfig Config,
    [property: JsonRequired] float[] LogStds,
    RunningMoments.State? Normalizer);
