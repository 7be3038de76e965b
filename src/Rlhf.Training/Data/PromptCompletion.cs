namespace Rlhf.Training.Data;

/// <summary>A prompt and its one completion, as supervised fine-tuning takes them.</summary>
/// <param name="Prompt">What is given.</param>
/// <param name="Completion">What is learned.</param>
public sealed record PromptCompletion(TokenText Prompt, TokenText Completion);
