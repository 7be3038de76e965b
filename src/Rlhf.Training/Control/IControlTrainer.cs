using Rlhf.Training.Checkpointing;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>What the algorithms of control have in common for whoever runs one.</summary>
public interface IControlTrainer : IDisposable
{
    /// <summary>trpo, a2c or ppo.</summary>
    string Algorithm { get; }

    /// <summary>What is trained.</summary>
    ControlPolicy Policy { get; }

    /// <summary>Updates made.</summary>
    int Update { get; }

    /// <summary>Updates of the whole run.</summary>
    int TotalUpdates { get; }

    /// <summary>Environment steps of an update, all environments together.</summary>
    int UpdateSteps { get; }

    /// <summary>Environment steps made, all environments together.</summary>
    long Steps { get; }

    /// <summary>Collects one rollout and learns from it.</summary>
    /// <returns>Names of <see cref="MetricNames"/> and values; empty where this update is not logged.</returns>
    /// <exception cref="TrainingDivergedException">NaN or infinity: stopped before the update.</exception>
    IReadOnlyDictionary<string, double> Iterate();

    /// <summary>Iterates from the current update to the last.</summary>
    /// <param name="observer">Sees the metrics.</param>
    /// <param name="run">Where checkpoints go; none without it.</param>
    /// <param name="cancellation">Ends the run after the current update.</param>
    void Train(ITrainingObserver? observer = null, TrainingRun? run = null, CancellationToken cancellation = default);

    /// <summary>Writes policy, critic, optimizers, rewards and the position of every environment to a directory, for <see cref="Resume"/>.</summary>
    void WriteCheckpoint(string directory);

    /// <summary>Goes on bit for bit where a checkpoint was written.</summary>
    /// <exception cref="Models.DataFormatException">Not a checkpoint of such a run.</exception>
    void Resume(string directory);

    /// <summary>Writes the finished policy (<c>model/</c>) and removes the checkpoints that led to it.</summary>
    void Finish(TrainingRun run);
}
