namespace Rlhf.Training.Ppo;

/// <summary>A prompt and what the policy answered, as text and as tokens.</summary>
/// <param name="PromptText">Prompt.</param>
/// <param name="PromptTokens">Its tokens.</param>
/// <param name="ResponseText">Response, up to its stop token.</param>
/// <param name="ResponseTokens">Its tokens, the stop token included.</param>
public sealed record Completion(string PromptText, int[] PromptTokens, string ResponseText, int[] ResponseTokens);
