using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Policy;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sequence;

/// <summary>Rewards with a KL penalty in double: what <see cref="KlShapedRewardsArgs"/> describes.</summary>
public static class KlShapedRewards
{
    /// <summary>Rewards and KL, each [rows · cols], and the scores after the missing-EOS rule [rows].</summary>
    public static (double[] Rewards, double[] Kl, double[] FinalScores) Compute(
        double[] logprobs,
        double[] refLogprobs,
        int[] lengths,
        double[] scores,
        bool[]? hasEos,
        double missingEosPenalty,
        MissingEosRule missingEos,
        double klCoef,
        KlEstimator estimator,
        ScorePlacement placement)
    {
        int rows = lengths.Length, cols = logprobs.Length / Math.Max(rows, 1);
        double[] rewards = new double[logprobs.Length], kl = new double[logprobs.Length], finalScores = new double[rows];
        for (int b = 0; b < rows; b++)
        {
            for (int t = 0; t < lengths[b]; t++)
            {
                int i = (b * cols) + t;
                kl[i] = KlEstimate.Token(logprobs[i] - refLogprobs[i], estimator).Kl;
                rewards[i] = -klCoef * kl[i];
            }

            finalScores[b] = scores[b];
            if (hasEos is not null && !hasEos[b] && missingEosPenalty != 0)
            {
                finalScores[b] = missingEos == MissingEosRule.Replace ? -missingEosPenalty : scores[b] - missingEosPenalty;
            }

            int slot = placement == ScorePlacement.LastToken ? lengths[b] - 1 : Math.Min(lengths[b], cols - 1);
            rewards[(b * cols) + Math.Max(slot, 0)] += finalScores[b];
        }

        return (rewards, kl, finalScores);
    }
}
