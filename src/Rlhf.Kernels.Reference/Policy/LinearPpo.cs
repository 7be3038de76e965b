using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Policy;

/// <summary>The clipped policy loss from hidden states in double: what <see cref="LinearPpoArgs{T}"/> describes.</summary>
public static class LinearPpo
{
    /// <summary>Loss, statistics and the gradients of hidden states, weight and bias; the arguments are those of <see cref="PpoFromLogits.Compute"/>.</summary>
    public static (PpoClipStats Stats, double[] Hidden, double[] Weight, double[] Bias) Compute(
        LinearLogprobs head,
        int[] targets,
        double[]? oldLogprobs,
        double[] advantages,
        bool[]? mask,
        double[]? weights,
        LogitTransform transform,
        PpoClipOptions options,
        double entropyCoef,
        double normalizer)
    {
        var (stats, gradLogprobs, gradEntropy) = PpoFromLogits.Compute(
            head.Logits, targets, oldLogprobs, advantages, mask, weights, transform, options, entropyCoef, normalizer);
        var (hidden, weight, bias) = head.Backward(targets, mask, transform, gradLogprobs, gradEntropy);
        return (stats, hidden, weight, bias);
    }
}
