namespace Rlhf.Training.PreferenceLearning;

/// <summary>A part of the method that can be taken away (Christiano et al. 2017, §3.3).</summary>
public enum Ablation
{
    /// <summary>The whole method.</summary>
    None,

    /// <summary>Pairs are asked at random, not by disagreement.</summary>
    RandomQueries,

    /// <summary>One reward network, and so random pairs.</summary>
    NoEnsemble,

    /// <summary>All labels are about clips of the untrained policy.</summary>
    NoOnlineQueries,

    /// <summary>No L2; dropout, where there is any, stays.</summary>
    NoRegularization,

    /// <summary>Clips of one step.</summary>
    NoSegments,

    /// <summary>The oracle tells the true reward of each clip, and the model regresses it.</summary>
    Target,
}
