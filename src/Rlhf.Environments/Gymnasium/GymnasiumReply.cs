namespace Rlhf.Environments.Gymnasium;

/// <summary>What a child answered to a reset or a step; the observation lies in shared memory.</summary>
/// <param name="Reward">Reward of the step; 0 after a reset.</param>
/// <param name="Terminated">The episode ended by its rules.</param>
/// <param name="Truncated">The episode was cut.</param>
/// <param name="Lives">Lives left; −1 where the environment does not say.</param>
internal readonly record struct GymnasiumReply(double Reward, bool Terminated, bool Truncated, int Lives);
