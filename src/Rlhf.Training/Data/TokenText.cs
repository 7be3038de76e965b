namespace Rlhf.Training.Data;

/// <summary>A text and its tokens, kept together from the data set to the last log.</summary>
/// <param name="Text">The text as read (decoded, where the data set holds ids).</param>
/// <param name="Ids">Its token ids; all within the model's vocabulary.</param>
public sealed record TokenText(string Text, int[] Ids);
