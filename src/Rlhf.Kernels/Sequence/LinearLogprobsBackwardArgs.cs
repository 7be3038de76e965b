using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// Log-prob, entropy and the head's gradients in the same pass, for upstream gradients that are known beforehand
/// (a weighted sum of log-probs: maximum likelihood with weights −1/normaliser, REINFORCE, a fixture). 6·H·V flops a token.
/// </summary>
/// <typeparam name="T">Storage of hidden states and weight.</typeparam>
public readonly struct LinearLogprobsBackwardArgs<T>
    where T : unmanaged
{
    /// <summary>Hidden states, head, targets.</summary>
    public required LinearHead<T> Head { get; init; }

    /// <summary>[N] upstream gradient of the log-probs; any stride, 0 included. Left out: zero.</summary>
    public ReadOnlyView<float> GradLogprobs { get; init; }

    /// <summary>[N] upstream gradient of the entropies; any stride, 0 included. Left out: zero.</summary>
    public ReadOnlyView<float> GradEntropy { get; init; }

    /// <summary>[N] result.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>Gradients of hidden states, weight and bias.</summary>
    public required LinearHeadGradients Gradients { get; init; }

    /// <summary>[bytes] scratch of at least <see cref="LinearLogprobsWorkspace.Minimum"/> bytes.</summary>
    public required View<byte> Workspace { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        Head.Validate();
        int n = Head.Hidden.Rows;
        Require.OptionalShape(GradLogprobs, n, 1);
        Require.OptionalShape(GradEntropy, n, 1);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        Gradients.Validate(n, Head.Hidden.Cols, Head.Weight.Rows);
        LinearLogprobsWorkspace.Validate(Head, Workspace);
    }
}
