using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Reference.Preference;

/// <summary>The pairwise reward-model loss in double: what <see cref="PairwiseLossArgs"/> describes.</summary>
public static class PairwiseLoss
{
    /// <summary>Loss with statistics, and both gradients. <paramref name="margins"/> and <paramref name="labels"/> may be null.</summary>
    public static (PreferenceStats Stats, double[] GradChosen, double[] GradRejected) Compute(
        double[] chosen, double[] rejected, double[]? margins, double[]? labels, double noise, double centering, double normalizer)
    {
        double[] gradChosen = new double[chosen.Length], gradRejected = new double[chosen.Length];
        PreferenceStats stats = PreferenceStats.AdditiveIdentity;
        for (int i = 0; i < chosen.Length; i++)
        {
            double label = labels is null ? 1 : labels[i];
            double d = chosen[i] - rejected[i], sum = chosen[i] + rejected[i];
            var (loss, grad, _) = Comparison.Compute(d - (margins is null ? 0 : margins[i]), label, noise);
            gradChosen[i] = (grad + (2 * centering * sum)) / normalizer;
            gradRejected[i] = (-grad + (2 * centering * sum)) / normalizer;
            stats += new PreferenceStats(
                (loss + (centering * sum * sum)) / normalizer, 1, d > 0 == label > 0.5 ? 1 : 0, d, sum, 2,
                Math.Min(chosen[i], rejected[i]), Math.Max(chosen[i], rejected[i]));
        }

        return (stats, gradChosen, gradRejected);
    }
}
