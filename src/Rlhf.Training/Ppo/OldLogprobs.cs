namespace Rlhf.Training.Ppo;

/// <summary>Where the log-probs of the sampling policy come from.</summary>
public enum OldLogprobs
{
    /// <summary>From the sampling kernel, at no cost. Cached decoding rounds differently from a whole forward pass: ratio 1 ± 1e-4 at first.</summary>
    Sample,

    /// <summary>From the training forward over the micro-batches of the first epoch: ratio 1 bit for bit, for one more forward pass.</summary>
    Recompute,
}
