namespace Rlhf.Environments;

/// <summary>What a step gave besides the observation.</summary>
/// <param name="Reward">The true reward. Agents that learn from preferences never see it.</param>
/// <param name="Terminated">The episode ended by the rules of the task: its value after this step is 0.</param>
/// <param name="Truncated">The episode was cut by its horizon: its value after this step is that of the last observation.</param>
/// <param name="Diverged">The physics or the observation became NaN, infinite or unstable; the episode ends here (also <paramref name="Terminated"/>).</param>
public readonly record struct StepResult(float Reward, bool Terminated, bool Truncated, bool Diverged = false)
{
    /// <summary>Whether the episode is over.</summary>
    public bool Done => Terminated || Truncated;
}
