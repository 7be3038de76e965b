namespace Rlhf.Training.Metrics;

/// <summary>A completion in a log: TRL's sample table, with the tokens beside the text.</summary>
/// <param name="Query">Prompt as text.</param>
/// <param name="Response">Response as text, up to its stop token.</param>
/// <param name="Score">Score of the reward function.</param>
/// <param name="Kl">KL estimate of the whole response in nats; NaN where no reference was asked.</param>
/// <param name="QueryTokens">Prompt as tokens.</param>
/// <param name="ResponseTokens">Response as tokens.</param>
public sealed record CompletionSample(string Query, string Response, double Score, double Kl, int[] QueryTokens, int[] ResponseTokens);
