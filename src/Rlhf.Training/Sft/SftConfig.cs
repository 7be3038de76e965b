using Rlhf.Training.Optimization;

namespace Rlhf.Training.Sft;

/// <summary>Settings of <see cref="SftTrainer"/>; defaults are TRL's SFTConfig unless said otherwise.</summary>
public sealed record SftConfig
{
    /// <summary>Highest learning rate. Default 2e-5; a small model trained from scratch wants about 1e-3.</summary>
    public double LearningRate { get; init; } = 2e-5;

    /// <summary>Examples an optimizer step. Default 8.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Examples a forward and backward; the result does not depend on it. Default 0: the whole batch.</summary>
    public int MicroBatchSize { get; init; }

    /// <summary>Passes over the data. Default 3 (Hugging Face).</summary>
    public double Epochs { get; init; } = 3;

    /// <summary>Optimizer steps, instead of <see cref="Epochs"/>. Default 0: by epochs.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Form of the learning rate's fall. Default linear.</summary>
    public ScheduleKind Schedule { get; init; }

    /// <summary>Where a cosine ends, as a share of the peak. Default 0; InstructGPT: 0.1.</summary>
    public double ScheduleFloor { get; init; }

    /// <summary>Steps of linear warm-up. Default 0.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Adam's settings and gradient clipping.</summary>
    public AdamWOptions Optimizer { get; init; } = new();

    /// <summary>Steps between log lines. Default 10.</summary>
    public int LoggingSteps { get; init; } = 10;

    /// <summary>Steps between evaluations. Default 0: at the end only.</summary>
    public int EvalSteps { get; init; }

    /// <summary>Steps between checkpoints. Default 500 (Hugging Face); 0: none.</summary>
    public int SaveSteps { get; init; } = 500;

    /// <summary>Seed of the data order. Default 42 (Hugging Face).</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Optimizer steps of a run over so many examples.</summary>
    public int TotalSteps(int examples) => MaxSteps > 0 ? MaxSteps : Math.Max(1, (int)Math.Ceiling(Epochs * examples / BatchSize));
}
