using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>Log-prob and entropy from hidden states, in row chunks that fit the workspace: 2·H·V flops a token, O(N) output.</summary>
/// <remarks>
/// Determinism: same bits for the same shape and thread count; over both with the managed GEMM. Otherwise within 1e-5 (BLAS decides).
/// </remarks>
/// <typeparam name="T">Storage of hidden states and weight.</typeparam>
public readonly struct LinearLogprobsForwardArgs<T>
    where T : unmanaged
{
    /// <summary>Hidden states, head, targets.</summary>
    public required LinearHead<T> Head { get; init; }

    /// <summary>[N] result.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>[bytes] scratch of at least <see cref="LinearLogprobsWorkspace.Minimum"/> bytes; more gives larger chunks.</summary>
    public required View<byte> Workspace { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        Head.Validate();
        Require.Shape<float>(Logprobs, Head.Hidden.Rows, 1);
        Require.OptionalShape<float>(Entropy, Head.Hidden.Rows, 1);
        LinearLogprobsWorkspace.Validate(Head, Workspace);
    }
}
