namespace Rlhf.Training.Control;

/// <summary>What became of a step of TRPO.</summary>
/// <param name="Accepted">Whether a length was found; otherwise the policy is what it was.</param>
/// <param name="Kl">Mean KL from the old policy to the new one, nats.</param>
/// <param name="Improvement">Gain of the surrogate.</param>
/// <param name="Length">Factor on the natural gradient.</param>
/// <param name="Entropy">Mean entropy of the new policy, nats.</param>
/// <param name="Residual">|b − A x|² where conjugate gradients stopped.</param>
/// <param name="Attempts">Lengths tried.</param>
internal readonly record struct TrustRegionStep(
    bool Accepted, double Kl, double Improvement, double Length, double Entropy, double Residual, int Attempts);
