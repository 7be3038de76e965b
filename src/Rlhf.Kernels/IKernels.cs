using Rlhf.Kernels.Control;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels;

/// <summary>
/// Every kernel that a backend provides; a backend that forgot one does not compile. Each call validates its arguments, writes
/// only to the views it is given and allocates nothing. What a kernel computes stands with its arguments.
/// </summary>
public interface IKernels
{
    /// <summary>Backend and variant, as reports print it.</summary>
    string Name { get; }

    /// <summary>Log-prob and entropy from logits.</summary>
    void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged;

    /// <summary>Gradient of log-prob and entropy to the logits.</summary>
    void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        where T : unmanaged;

    /// <summary>Log-prob and entropy from hidden states.</summary>
    void LinearLogprobsForward<T>(in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged;

    /// <summary>Log-prob, entropy and the head's gradients for given upstream gradients.</summary>
    void LinearLogprobsBackward<T>(in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged;

    /// <summary>Clipped policy loss from hidden states, forward and backward.</summary>
    void LinearPpo<T>(in LinearPpoArgs<T> args)
        where T : unmanaged;

    /// <summary>Clipped policy loss from logits, forward and backward.</summary>
    void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        where T : unmanaged;

    /// <summary>Clipped policy loss from log-probs, forward and backward.</summary>
    void PpoClipLoss(in PpoClipLossArgs args);

    /// <summary>Clipped value loss, forward and backward.</summary>
    void ValueClipLoss(in ValueClipLossArgs args);

    /// <summary>Per-token KL estimate and its gradient.</summary>
    void KlEstimate(in KlEstimateArgs args);

    /// <summary>KL penalty and score as per-token rewards.</summary>
    void KlShapedRewards(in KlShapedRewardsArgs args);

    /// <summary>Advantages and returns.</summary>
    void Gae(in GaeArgs args);

    /// <summary>Masked count, mean and variance.</summary>
    void MaskedMean(in MaskedMeanArgs args);

    /// <summary>Masked whitening.</summary>
    void Whiten(in WhitenArgs args);

    /// <summary>Preference loss over pairs, forward and backward.</summary>
    void PairwiseLoss(in PairwiseLossArgs args);

    /// <summary>Preference loss over ranked groups, forward and backward.</summary>
    void RankingLoss(in RankingLossArgs args);

    /// <summary>Preference loss over pairs of segments, forward and backward.</summary>
    void SegmentPreference(in SegmentPreferenceArgs args);

    /// <summary>Log-prob and entropy of actions under a Gaussian policy.</summary>
    void GaussianLogprobForward(in GaussianLogprobForwardArgs args);

    /// <summary>Gradient of log-prob and entropy to means and log standard deviations.</summary>
    void GaussianLogprobBackward(in GaussianLogprobBackwardArgs args);

    /// <summary>KL divergence between Gaussian policies and its gradient.</summary>
    void GaussianKl(in GaussianKlArgs args);

    /// <summary>One action of a Gaussian policy a row, with its log-prob.</summary>
    void Gaussian(in GaussianArgs args);

    /// <summary>One token a row, with its log-prob.</summary>
    void Categorical<T>(in CategoricalArgs<T> args)
        where T : unmanaged;

    /// <summary>Norm of all gradients and the clip factor.</summary>
    void GlobalNorm(in GlobalNormArgs args);

    /// <summary>One AdamW step.</summary>
    void AdamW(in AdamWArgs args);

    /// <summary>One RMSProp step.</summary>
    void RmsProp(in RmsPropArgs args);
}
