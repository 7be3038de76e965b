using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Reference.Preference;

/// <summary>The segment preference loss in double: what <see cref="SegmentPreferenceArgs"/> describes.</summary>
public static class SegmentPreference
{
    /// <summary>Loss with statistics, probabilities [pairs], and both gradients [pairs · length].</summary>
    public static (PreferenceStats Stats, double[] Probabilities, double[] GradRewards1, double[] GradRewards2) Compute(
        double[] rewards1, double[] rewards2, double[] labels, double discount, double limit, double noise, double normalizer)
    {
        int pairs = labels.Length, length = rewards1.Length / Math.Max(pairs, 1);
        double[] probabilities = new double[pairs], grad1 = new double[rewards1.Length], grad2 = new double[rewards1.Length];
        PreferenceStats stats = PreferenceStats.AdditiveIdentity;
        for (int pair = 0; pair < pairs; pair++)
        {
            double return1 = 0, return2 = 0;
            for (int t = 0; t < length; t++)
            {
                return1 += Math.Pow(discount, t) * rewards1[(pair * length) + t];
                return2 += Math.Pow(discount, t) * rewards2[(pair * length) + t];
            }

            double d = return1 - return2;
            var (loss, slope, probability) = Comparison.Compute(Math.Clamp(d, -limit, limit), labels[pair], noise);
            probabilities[pair] = probability;
            for (int t = 0; t < length; t++)
            {
                double grad = Math.Abs(d) > limit ? 0 : slope * Math.Pow(discount, t) / normalizer;
                grad1[(pair * length) + t] = grad;
                grad2[(pair * length) + t] = -grad;
            }

            stats += new PreferenceStats(
                loss / normalizer, 1, d > 0 == labels[pair] > 0.5 ? 1 : 0, d, return1 + return2, 2,
                Math.Min(return1, return2), Math.Max(return1, return2));
        }

        return (stats, probabilities, grad1, grad2);
    }
}
