using Rlhf.Models;

namespace Rlhf.Training.Ppo;

/// <summary>The models of a run; they stay the caller's.</summary>
/// <param name="Policy">Trained in place.</param>
/// <param name="Reference">Frozen: what the policy is held close to. Not the same object as the policy.</param>
/// <param name="Value">Trained in place: a copy of the reward model (InstructGPT, N+), or a scalar head on the policy's layers.</param>
public sealed record PpoModels(LanguageModel Policy, LanguageModel Reference, ScalarModel Value);
