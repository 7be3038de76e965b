namespace Rlhf.Training.Data;

/// <summary>Where the padding of shorter sequences stands.</summary>
public enum PaddingSide
{
    /// <summary>After the tokens: training and scoring.</summary>
    Right,

    /// <summary>Before the tokens: prompts that are to be continued.</summary>
    Left,
}
