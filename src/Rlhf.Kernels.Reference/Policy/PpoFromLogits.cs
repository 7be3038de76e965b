using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Policy;

/// <summary>The clipped policy loss from rows of logits in double: what <see cref="PpoFromLogitsArgs{T}"/> describes.</summary>
public static class PpoFromLogits
{
    /// <summary>Loss, and its gradient to each row's log-prob and entropy. <paramref name="oldLogprobs"/> null: those of this pass.</summary>
    /// <param name="logits">The raw logits of a row.</param>
    /// <param name="targets">[N]</param>
    /// <param name="oldLogprobs">[N] or null</param>
    /// <param name="advantages">[N]</param>
    /// <param name="mask">[N] or null</param>
    /// <param name="weights">[N] or null</param>
    /// <param name="transform">Scale, cap and temperature.</param>
    /// <param name="options">Clip ranges.</param>
    /// <param name="entropyCoef">Adds −coef · entropy to each token's loss.</param>
    /// <param name="normalizer">Divides every token's loss.</param>
    public static (PpoClipStats Stats, double[] GradLogprobs, double[] GradEntropy) Compute(
        Func<int, double[]> logits,
        int[] targets,
        double[]? oldLogprobs,
        double[] advantages,
        bool[]? mask,
        double[]? weights,
        LogitTransform transform,
        PpoClipOptions options,
        double entropyCoef,
        double normalizer)
    {
        int rows = targets.Length;
        double[] logprobs = new double[rows], gradEntropy = new double[rows];
        double entropySum = 0, bonus = 0;
        for (int row = 0; row < rows; row++)
        {
            if (mask is null || mask[row])
            {
                (logprobs[row], double entropy) = TokenLogprobs.Forward(logits(row), targets[row], transform);
                double weight = (weights is null ? 1 : weights[row]) / normalizer;
                entropySum += entropy;
                bonus += entropyCoef * entropy * weight;
                gradEntropy[row] = -entropyCoef * weight;
            }
        }

        var (stats, grad) = PpoClipLoss.Compute(logprobs, oldLogprobs ?? logprobs, advantages, mask, weights, rows, options, normalizer);
        return (stats with { Loss = stats.Loss - bonus, Entropy = entropySum }, grad, gradEntropy);
    }
}
