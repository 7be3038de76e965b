using Rlhf.Kernels;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Training.Control;

/// <summary>Advantages and value targets of a rollout (Schulman et al. 2016).</summary>
internal static class AdvantageEstimator
{
    /// <summary>
    /// GAE over [T, N]. A truncated episode bootstraps from the value of its last observation (fixed horizons would otherwise look like
    /// deaths), a rollout from the value after its last step.
    /// </summary>
    public static void Estimate(IKernels kernels, ControlRollout rollout, double gamma, double lambda) => kernels.Gae(new GaeArgs
    {
        Rewards = rollout.Rewards,
        Values = rollout.Values,
        Time = TimeAxis.Rows,
        Dones = rollout.Dones,
        Truncations = rollout.Truncations,
        TruncationValues = rollout.TruncationValues,
        LastValues = rollout.LastValues,
        Gamma = (float)gamma,
        Lambda = (float)lambda,
        Advantages = rollout.Advantages,
        Returns = rollout.Returns,
    });

    /// <summary>Advantages to mean 0 and standard deviation 1, in place.</summary>
    public static void Normalize(IKernels kernels, Kernels.Memory.View<float> advantages) => kernels.Whiten(new WhitenArgs
    {
        Values = advantages,
        Unbiased = false,
        ShiftMean = true,
        Whitened = advantages,
    });
}
