using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Training.Ppo;

/// <summary>Per-token rewards to whitened advantages and returns (spec statements 27, 28, 30), over whatever rows the batch holds.</summary>
public static class AdvantageEstimation
{
    /// <summary>
    /// Reads <see cref="RolloutBatch.ShapedRewards"/>, Values and masks; writes Rewards, RawAdvantages, Returns, Advantages.
    /// Nothing is bootstrapped: a response ends. Returns are taken before the advantages are whitened.
    /// </summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="batch">A rollout, or a mini-batch of it.</param>
    /// <param name="gamma">Discount.</param>
    /// <param name="lambda">λ of GAE.</param>
    /// <param name="whitenRewards">Scale the rewards to variance 1 first, keeping their mean.</param>
    /// <param name="conventions">Biased or unbiased variance.</param>
    public static void Apply(
        IKernels kernels, RolloutBatch batch, float gamma, float lambda, bool whitenRewards, PpoConventions conventions)
    {
        if (whitenRewards)
            Whiten(kernels, batch.ShapedRewards, batch.ValueMask, shiftMean: false, conventions, batch.Rewards);
        else
            Copy(batch.ShapedRewards, batch.Rewards);

        kernels.Gae(new GaeArgs
        {
            Rewards = batch.Rewards,
            Values = batch.Values,
            Time = TimeAxis.Cols,
            MaskMode = GaeMaskMode.None,
            Gamma = gamma,
            Lambda = lambda,
            Advantages = batch.RawAdvantages,
            Returns = batch.Returns,
        });
        Whiten(kernels, batch.RawAdvantages, batch.Mask, shiftMean: true, conventions, batch.Advantages);
    }

    private static void Whiten(
        IKernels kernels, View<float> values, View<byte> mask, bool shiftMean, PpoConventions conventions, View<float> whitened) =>
        kernels.Whiten(new WhitenArgs
        {
            Values = values,
            Mask = mask,
            Unbiased = conventions.UnbiasedVariance,
            ShiftMean = shiftMean,
            Whitened = whitened,
        });

    private static unsafe void Copy(View<float> from, View<float> to) =>
        new ReadOnlySpan<float>(from.Pointer, checked((int)from.Count)).CopyTo(new Span<float>(to.Pointer, checked((int)to.Count)));
}
