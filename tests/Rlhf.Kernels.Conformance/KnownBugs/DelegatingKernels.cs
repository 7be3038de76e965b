using Rlhf.Kernels.Control;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>The processor's kernels, one by one replaceable: a twin with a known bug overrides the method that had it.</summary>
internal abstract class DelegatingKernels : IKernels
{
    /// <summary>The kernels without the bug.</summary>
    public static IKernels Correct { get; } = new CpuKernels(threads: 2);

    public string Name => GetType().Name;

    public virtual void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged => Correct.TokenLogprobsForward(args);

    public virtual void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        where T : unmanaged => Correct.TokenLogprobsBackward(args);

    public virtual void LinearLogprobsForward<T>(in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged => Correct.LinearLogprobsForward(args);

    public virtual void LinearLogprobsBackward<T>(in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged => Correct.LinearLogprobsBackward(args);

    public virtual void LinearPpo<T>(in LinearPpoArgs<T> args)
        where T : unmanaged => Correct.LinearPpo(args);

    public virtual void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        where T : unmanaged => Correct.PpoFromLogits(args);

    public virtual void PpoClipLoss(in PpoClipLossArgs args) => Correct.PpoClipLoss(args);

    public virtual void ValueClipLoss(in ValueClipLossArgs args) => Correct.ValueClipLoss(args);

    public virtual void KlEstimate(in KlEstimateArgs args) => Correct.KlEstimate(args);

    public virtual void KlShapedRewards(in KlShapedRewardsArgs args) => Correct.KlShapedRewards(args);

    public virtual void Gae(in GaeArgs args) => Correct.Gae(args);

    public virtual void MaskedMean(in MaskedMeanArgs args) => Correct.MaskedMean(args);

    public virtual void Whiten(in WhitenArgs args) => Correct.Whiten(args);

    public virtual void PairwiseLoss(in PairwiseLossArgs args) => Correct.PairwiseLoss(args);

    public virtual void RankingLoss(in RankingLossArgs args) => Correct.RankingLoss(args);

    public virtual void SegmentPreference(in SegmentPreferenceArgs args) => Correct.SegmentPreference(args);

    public virtual void GaussianLogprobForward(in GaussianLogprobForwardArgs args) => Correct.GaussianLogprobForward(args);

    public virtual void GaussianLogprobBackward(in GaussianLogprobBackwardArgs args) => Correct.GaussianLogprobBackward(args);

    public virtual void GaussianKl(in GaussianKlArgs args) => Correct.GaussianKl(args);

    public virtual void Gaussian(in GaussianArgs args) => Correct.Gaussian(args);

    public virtual void Categorical<T>(in CategoricalArgs<T> args)
        where T : unmanaged => Correct.Categorical(args);

    public virtual void GlobalNorm(in GlobalNormArgs args) => Correct.GlobalNorm(args);

    public virtual void AdamW(in AdamWArgs args) => Correct.AdamW(args);

    public virtual void RmsProp(in RmsPropArgs args) => Correct.RmsProp(args);
}
