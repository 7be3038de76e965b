using Rlhf.Environments;

namespace Rlhf.Training.Control;

/// <summary>
/// Sees every step of the environments while a rollout is collected, e.g. to cut clips for comparison out of it. Called on the
/// collecting thread: what it does there, the environments wait for.
/// </summary>
public interface IRolloutObserver
{
    /// <summary>
    /// The actions of step <paramref name="step"/> are chosen and not yet taken. Observations and actions of the step stand in the
    /// rollout; the environments are in the state that the policy saw, so that state and pose can be captured.
    /// </summary>
    /// <param name="rollout">Rows <c>step·N</c> … <c>step·N + N − 1</c> of observations and actions are there.</param>
    /// <param name="step">Step within the rollout, from 0.</param>
    /// <param name="environments">Before the step.</param>
    void Acting(ControlRollout rollout, int step, VectorEnvironment environments);

    /// <summary>The step was taken: true rewards and ends of episodes stand in row <paramref name="step"/> of the rollout.</summary>
    /// <param name="rollout">Row <paramref name="step"/> of true rewards, dones and truncations is there.</param>
    /// <param name="step">Step within the rollout, from 0.</param>
    void Acted(ControlRollout rollout, int step);
}
