using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>The task's own reward, as the environment gave it.</summary>
public sealed class TrueReward : IRewardSource
{
    /// <inheritdoc/>
    public void Fill(ControlRollout rollout) => Vectors.Copy(rollout.TrueRewards, rollout.Rewards);
}
