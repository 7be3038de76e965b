using Rlhf.Environments;
using Rlhf.Preferences;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>Who acts where, and who answers.</summary>
public sealed record PreferenceTask
{
    /// <summary>Unique name of the run in the store: a run that goes on finds its labels by it.</summary>
    public required string Name { get; init; }

    /// <summary>Makes environments from a seed, always as many.</summary>
    public required Func<ulong, VectorEnvironment> CreateEnvironments { get; init; }

    /// <summary>
    /// Makes what trains the policy, over so many environment steps, from the reward and with the observer given; TRPO for robots, A2C for
    /// pixels.
    /// </summary>
    public required Func<VectorEnvironment, long, IRewardSource, IRolloutObserver, IControlTrainer> CreateTrainer { get; init; }

    /// <summary>Errors and ties of the synthetic oracle that answers from the true reward; null where people answer.</summary>
    public OracleOptions? Oracle { get; init; }
}
