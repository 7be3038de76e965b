namespace Rlhf.Training.Ppo;

/// <summary>Over which positions logged means run. No loss depends on it.</summary>
public enum MetricConvention
{
    /// <summary>Real tokens only; sums over micro-batches are divided once.</summary>
    Masked,

    /// <summary>
    /// As TRL logs: means over all positions, padding included (log-ratio 0 and ratio 1 there), mean of micro-batch means, and a
    /// log-prob of 1.0 at padding in <c>objective/entropy</c>.
    /// </summary>
    Trl,
}
