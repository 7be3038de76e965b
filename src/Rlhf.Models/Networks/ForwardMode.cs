namespace Rlhf.Models.Networks;

/// <summary>How a <see cref="Network"/> runs.</summary>
public enum ForwardMode
{
    /// <summary>Running statistics, no dropout, nothing kept: the fastest.</summary>
    Inference = 0,

    /// <summary>As <see cref="Inference"/>, kept for <see cref="Network.Backward"/>.</summary>
    Evaluation = 1,

    /// <summary>Batch statistics, which move the running ones, and dropout; kept for <see cref="Network.Backward"/>.</summary>
    Training = 2,
}
