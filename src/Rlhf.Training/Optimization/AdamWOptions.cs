using Rlhf.Kernels.Optimizer;

namespace Rlhf.Training.Optimization;

/// <summary>Settings of <see cref="AdamWOptimizer"/>. The learning rate comes with each step.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment. Default 0.9 (PyTorch, TRL).</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>Decay of the second moment. Default 0.999 (PyTorch, TRL); InstructGPT uses 0.95.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>ε. Default 1e-8 (PyTorch, TRL); lm-human-preferences and N+ use 1e-5.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Where ε stands. Default the paper's and PyTorch's place.</summary>
    public AdamEpsilonForm EpsilonForm { get; init; }

    /// <summary>Decoupled weight decay on matrices. Default 0 (TRL).</summary>
    public float WeightDecay { get; init; }

    /// <summary>Global gradient norm above which all gradients are scaled down; null for no clipping. Default 1 (TRL's trainers).</summary>
    public float? MaxGradNorm { get; init; } = 1f;

    /// <summary>Decay of an exponential moving average of the weights; null (the default) keeps none. InstructGPT: 0.992.</summary>
    public float? EmaDecay { get; init; }
}
