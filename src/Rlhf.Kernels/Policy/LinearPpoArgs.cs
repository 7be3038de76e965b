using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// The clipped policy loss straight from hidden states: head GEMM → <see cref="PpoFromLogitsArgs{T}"/> → gradient GEMMs, chunk by
/// chunk. 6·H·V flops a token, O(N) output, a fixed workspace; no [N, V] tensor exists.
/// </summary>
/// <typeparam name="T">Storage of hidden states and weight.</typeparam>
public readonly struct LinearPpoArgs<T>
    where T : unmanaged
{
    /// <summary>Hidden states, head, targets.</summary>
    public required LinearHead<T> Head { get; init; }

    /// <summary>[N] log-probs at sampling time. Left out: the loss takes the log-probs of this very pass as old ones (ratio 1).</summary>
    public ReadOnlyView<float> OldLogprobs { get; init; }

    /// <summary>[N] advantages.</summary>
    public required ReadOnlyView<float> Advantages { get; init; }

    /// <summary>Clip ranges.</summary>
    public PpoClipOptions Options { get; init; }

    /// <summary>Adds −EntropyCoef · entropy to each counted token's loss. Default 0.</summary>
    public float EntropyCoef { get; init; }

    /// <summary>Counted tokens over all micro-batches and ranks.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[N] optional weight of each token; any stride.</summary>
    public ReadOnlyView<float> Weights { get; init; }

    /// <summary>[N] result.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>Gradients of hidden states, weight and bias.</summary>
    public required LinearHeadGradients Gradients { get; init; }

    /// <summary>[<see cref="PpoClipStats.Length"/>] result.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>[bytes] scratch of at least <see cref="LinearLogprobsWorkspace.Minimum"/> bytes.</summary>
    public required View<byte> Workspace { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        Head.Validate();
        int n = Head.Hidden.Rows;
        Require.OptionalShape(OldLogprobs, n, 1);
        Require.Shape(Advantages, n, 1);
        Require.OptionalShape(Weights, n, 1);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        Require.Shape<float>(Stats, PpoClipStats.Length, 1);
        Require.Positive(Normalizer);
        Options.Validate();
        Gradients.Validate(n, Head.Hidden.Cols, Head.Weight.Rows);
        LinearLogprobsWorkspace.Validate(Head, Workspace);
    }
}
