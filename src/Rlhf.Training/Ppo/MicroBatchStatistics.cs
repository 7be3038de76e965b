using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Training.Ppo;

/// <summary>Sums over one micro-batch, from which both metric conventions follow.</summary>
/// <param name="Policy">What the policy kernel counted; its loss is divided by the normaliser the caller chose.</param>
/// <param name="Value">What the value kernel counted.</param>
/// <param name="Positions">All positions of the micro-batch, padding included.</param>
/// <param name="RatioSquares">Σ ratio² over real tokens.</param>
/// <param name="EntropyEverywhere">Σ entropy over all positions, padding included; 0 when it was not measured there.</param>
public readonly record struct MicroBatchStatistics(
    PpoClipStats Policy, ValueClipStats Value, long Positions, double RatioSquares, double EntropyEverywhere)
{
    /// <summary>½ (new − old)², averaged.</summary>
    public double ApproxKl(MetricConvention convention) =>
        convention == MetricConvention.Trl ? Policy.ApproxKl / Positions : Policy.ApproxKlMean;

    /// <summary>Ratio, averaged: 1 at padding in TRL's convention.</summary>
    public double Ratio(MetricConvention convention) =>
        convention == MetricConvention.Trl ? (Policy.RatioSum + (Positions - Policy.Count)) / Positions : Policy.RatioMean;

    /// <summary>Entropy, averaged.</summary>
    public double Entropy(MetricConvention convention) =>
        convention == MetricConvention.Trl ? EntropyEverywhere / Positions : Policy.EntropyMean;

    /// <summary>Σ ratio² over the counted positions, from the log-probs of a micro-batch.</summary>
    /// <param name="logprobs">[B, T] or [N] current log-probs.</param>
    /// <param name="oldLogprobs">The same shape: log-probs at sampling time.</param>
    /// <param name="mask">The same shape; left out: all count.</param>
    public static double SumOfSquaredRatios(
        ReadOnlyView<float> logprobs, ReadOnlyView<float> oldLogprobs, ReadOnlyView<byte> mask = default)
    {
        double sum = 0;
        for (int b = 0; b < logprobs.Rows; b++)
        {
            for (int t = 0; t < logprobs.Cols; t++)
            {
                if (mask.IsEmpty || mask[b, t] != 0)
                    sum += Math.Exp(2.0 * (logprobs[b, t] - oldLogprobs[b, t]));
            }
        }

        return sum;
    }
}
