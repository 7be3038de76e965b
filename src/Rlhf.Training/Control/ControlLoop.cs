using Rlhf.Training.Checkpointing;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.Control;

/// <summary>The loop around an algorithm's iterations.</summary>
internal static class ControlLoop
{
    public static void Run(IControlTrainer trainer, int saveUpdates, ITrainingObserver? observer, TrainingRun? run, CancellationToken cancellation)
    {
        observer?.Started(trainer.Algorithm, trainer.TotalUpdates, trainer.Update);
        while (trainer.Update < trainer.TotalUpdates)
        {
            cancellation.ThrowIfCancellationRequested();
            IReadOnlyDictionary<string, double> metrics = trainer.Iterate();
            if (metrics.Count > 0)
                observer?.Stepped(trainer.Update, metrics);
            if (saveUpdates > 0 && trainer.Update % saveUpdates == 0 && trainer.Update < trainer.TotalUpdates)
                run?.SaveCheckpoint(trainer.Update, trainer.WriteCheckpoint, [.. trainer.Policy.Trained.Select(part => part.Buffers)]);
        }
    }
}
