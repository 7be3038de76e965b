using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Reference.Policy;

/// <summary>The clipped policy loss in double: what <see cref="PpoClipLossArgs"/> describes, as the equation reads.</summary>
public static class PpoClipLoss
{
    /// <summary>Loss, gradient and statistics. Arrays are [rows · cols], row major; <paramref name="mask"/> and <paramref name="rowWeights"/> may be null.</summary>
    public static (PpoClipStats Stats, double[] GradLogprobs) Compute(
        double[] logprobs,
        double[] oldLogprobs,
        double[] advantages,
        bool[]? mask,
        double[]? rowWeights,
        int rows,
        PpoClipOptions options,
        double normalizer)
    {
        double[] grad = new double[logprobs.Length];
        double loss = 0, count = 0, clippedCount = 0, dualCount = 0, approxKl = 0, kl = 0, ratioSum = 0, ratioMax = 0;
        for (int i = 0; i < logprobs.Length; i++)
        {
            if (mask is not null && !mask[i])
            {
                continue;
            }

            double weight = (rowWeights is null ? 1 : rowWeights[i / (logprobs.Length / rows)]) / normalizer;
            double d = logprobs[i] - oldLogprobs[i], a = advantages[i];
            double ratio = Math.Exp(Math.Clamp(d, -options.LogRatioLimit, options.LogRatioLimit));
            double unclipped = -a * ratio, clipped = -a * Math.Clamp(ratio, 1.0 - options.ClipLow, 1.0 + options.ClipHigh);
            double tokenLoss = Math.Max(unclipped, clipped);
            double slope = clipped > unclipped || Math.Abs(d) > options.LogRatioLimit ? 0 : unclipped;
            if (options.DualClip != 0 && a < 0 && tokenLoss > -a * options.DualClip)
            {
                tokenLoss = -a * options.DualClip;
                slope = 0;
                dualCount++;
            }

            loss += tokenLoss * weight;
            grad[i] = slope * weight;
            count++;
            clippedCount += clipped > unclipped ? 1 : 0;
            approxKl += 0.5 * d * d;
            kl -= d;
            ratioSum += ratio;
            ratioMax = Math.Max(ratioMax, ratio);
        }

        return (new PpoClipStats(loss, count, clippedCount, dualCount, approxKl, kl, ratioSum, ratioMax, 0), grad);
    }
}
