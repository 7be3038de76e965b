using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Reference.Preference;

/// <summary>The K-way reward-model loss in double: what <see cref="RankingLossArgs"/> describes.</summary>
public static class RankingLoss
{
    /// <summary>Loss with statistics, and the gradient.</summary>
    public static (PreferenceStats Stats, double[] GradRewards) Compute(
        double[] rewards, int[] ranks, int[] groupOffsets, bool weighPairs, double noise, double normalizer)
    {
        double[] grad = new double[rewards.Length];
        PreferenceStats stats = PreferenceStats.AdditiveIdentity;
        foreach (double reward in rewards)
        {
            stats += new PreferenceStats(0, 0, 0, 0, reward, 1, reward, reward);
        }

        for (int g = 0; g + 1 < groupOffsets.Length; g++)
        {
            var pairs = new List<(int Better, int Worse)>();
            for (int i = groupOffsets[g]; i < groupOffsets[g + 1]; i++)
            {
                for (int j = groupOffsets[g]; j < groupOffsets[g + 1]; j++)
                {
                    if (ranks[i] < ranks[j])
                    {
                        pairs.Add((i, j));
                    }
                }
            }

            double weight = 1 / (weighPairs ? normalizer : normalizer * pairs.Count);
            foreach ((int better, int worse) in pairs)
            {
                double d = rewards[better] - rewards[worse];
                var (loss, slope, _) = Comparison.Compute(d, 1, noise);
                grad[better] += slope * weight;
                grad[worse] -= slope * weight;
                stats += PreferenceStats.AdditiveIdentity with { Loss = loss * weight, Pairs = 1, Correct = d > 0 ? 1 : 0, MarginSum = d };
            }
        }

        return (stats, grad);
    }
}
