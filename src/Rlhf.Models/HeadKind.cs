namespace Rlhf.Models;

/// <summary>What stands on top of the hidden states. A language head is tied or not by its config.</summary>
public enum HeadKind
{
    /// <summary>Logits over the vocabulary.</summary>
    Language,

    /// <summary>One number a position: reward or value.</summary>
    Scalar,
}
