namespace Rlhf.Training.Data;

/// <summary>One comparison of two completions.</summary>
/// <param name="Prompt">What both continue; empty where the data set's texts are whole.</param>
/// <param name="Chosen">The better one.</param>
/// <param name="Rejected">The worse one.</param>
/// <param name="Margin">By how much, subtracted inside the sigmoid; 0 where the data set says nothing.</param>
public sealed record Preference(TokenText Prompt, TokenText Chosen, TokenText Rejected, float Margin);
