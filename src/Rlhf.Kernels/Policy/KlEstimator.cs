namespace Rlhf.Kernels.Policy;

/// <summary>Per-token estimators of KL(policy ‖ reference) from d = logprob − refLogprob (Schulman 2020, "Approximating KL divergence").</summary>
public enum KlEstimator
{
    /// <summary>d: unbiased, may be negative.</summary>
    K1,

    /// <summary>½ d²: biased, low variance.</summary>
    K2,

    /// <summary>e^(−d) − 1 + d: unbiased, never negative. Evaluated as a series near 0, where the plain form loses all digits.</summary>
    K3,

    /// <summary>|d|.</summary>
    Abs,
}
