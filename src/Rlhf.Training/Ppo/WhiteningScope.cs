namespace Rlhf.Training.Ppo;

/// <summary>Over which samples rewards and advantages are whitened.</summary>
public enum WhiteningScope
{
    /// <summary>The whole rollout batch, once (TRL, N+).</summary>
    Batch,

    /// <summary>Each mini-batch by itself, inside the loss (lm-human-preferences).</summary>
    MiniBatch,
}
