using Rlhf.Environments;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Many steps of a policy in rollouts that are bounded in memory. Vectors come in one; a step of frames is 113 kB as floats, and those that the
/// first labels are cut from would be gigabytes.
/// </summary>
internal static class ShortRollouts
{
    /// <summary>Collects steps and hands them on, rollout by rollout; each is freed after it was taken.</summary>
    /// <param name="collector">Acts.</param>
    /// <param name="environments">Where it acts.</param>
    /// <param name="policy">Who acts.</param>
    /// <param name="steps">Of each environment.</param>
    /// <param name="mostBytes">Of the observations in one rollout; one step of all environments where that is more.</param>
    /// <param name="take">Gets each rollout.</param>
    public static void Collect(
        RolloutCollector collector, VectorEnvironment environments, ControlPolicy policy, int steps, long mostBytes, Action<ControlRollout> take)
    {
        long bytes = (long)environments.Count * environments.Spec.ObservationLength * sizeof(float);
        int most = (int)Math.Clamp(mostBytes / bytes, 1, steps);
        for (int left = steps; left > 0; left -= most)
        {
            using var rollout = new ControlRollout(environments.Spec, environments.Count, Math.Min(left, most), normalized: policy.Normalizer is not null);
            collector.Collect(rollout);
            take(rollout);
        }
    }
}
