namespace Rlhf.Environments;

/// <summary>Which of a task's two rewards, and whether its episodes may end early.</summary>
public enum TaskForm
{
    /// <summary>
    /// As people are asked about it: every episode lasts to its horizon, failing costs true reward that has to be learned, actions cost nothing
    /// since nobody sees torques (Christiano et al. 2017, appendix A).
    /// </summary>
    Paper,

    /// <summary>As benchmarks have it: reward, control cost and termination like Gymnasium's.</summary>
    Standard,
}
