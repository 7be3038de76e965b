namespace Rlhf.Training.Control;

/// <summary>
/// Where the rewards of a batch come from. Called once for every rollout, after it was collected and before its advantages: a reward
/// that is being learned is thus always the current one, for every step of the batch.
/// </summary>
public interface IRewardSource
{
    /// <summary>
    /// Writes <see cref="ControlRollout.Rewards"/> [T, N] from observations and actions, or from
    /// <see cref="ControlRollout.TrueRewards"/> where the task's own reward is to be learned from.
    /// </summary>
    void Fill(ControlRollout rollout);

    /// <summary>Writes what <see cref="Fill"/> remembers from batch to batch into a checkpoint's directory.</summary>
    void WriteState(string directory)
    {
    }

    /// <summary>Goes on where <see cref="WriteState"/> stopped.</summary>
    /// <exception cref="Models.DataFormatException">The directory holds no such state.</exception>
    void ReadState(string directory)
    {
    }
}
