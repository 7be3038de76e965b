using Rlhf.Kernels.Optimizer;

namespace Rlhf.Training.Control;

/// <summary>What <see cref="JointOptimizer"/> does with a gradient.</summary>
internal enum JointOptimizerKind
{
    /// <summary>Kingma and Ba 2015, β 0.9 and 0.999.</summary>
    Adam,

    /// <summary>Mean squares of gradients under the root.</summary>
    RmsProp,
}

/// <summary>Settings of <see cref="JointOptimizer"/>.</summary>
internal sealed record JointOptimizerOptions
{
    public JointOptimizerKind Kind { get; init; }

    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Norm above which all gradients are scaled down; null: never.</summary>
    public float? MaxGradNorm { get; init; }

    public float RmsPropDecay { get; init; } = 0.99f;

    /// <summary>Value at which the mean squares start.</summary>
    public float RmsPropStart { get; init; }

    public RmsPropEpsilonForm RmsPropEpsilon { get; init; }
}
