using System.Text.Json.Serialization;

namespace Rlhf.Training.Checkpointing;

/// <summary>Where a trainer stands beside its weights and its optimizer. Data order and learning rate follow from the step.</summary>
/// <param name="Step">Optimizer steps made.</param>
/// <param name="Tokens">Tokens seen.</param>
public sealed record TrainerState([property: JsonRequired] int Step, [property: JsonRequired] long Tokens);
