using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// Gradient with respect to the raw logits for arbitrary upstream gradients of log-prob and entropy:
/// <c>dz[j] = g_logprob (1[j = t] − p[j]) − g_entropy p[j] (log p[j] + entropy)</c>, then through temperature, cap and scale.
/// </summary>
/// <remarks>
/// The entry of the selected token is formed in f32 before it is rounded to the storage type. Where p = 0 the gradient
/// is exactly 0. Rows that the mask leaves out get zeros. Determinism as in the forward pass.
/// </remarks>
/// <typeparam name="T">Storage of logits and gradient: <see cref="float"/> or <see cref="BFloat16"/>.</typeparam>
public readonly struct TokenLogprobsBackwardArgs<T>
    where T : unmanaged
{
    /// <summary>[N, V] raw logits.</summary>
    public required ReadOnlyView<T> Logits { get; init; }

    /// <summary>[N] selected token ids.</summary>
    public required ReadOnlyView<int> Targets { get; init; }

    /// <summary>[N] optional mask.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>The transform of the forward pass.</summary>
    public LogitTransform Transform { get; init; }

    /// <summary>[N] upstream gradient of the log-probs; any stride, 0 included. Left out: zero.</summary>
    public ReadOnlyView<float> GradLogprobs { get; init; }

    /// <summary>[N] upstream gradient of the entropies; any stride, 0 included. Left out: zero.</summary>
    public ReadOnlyView<float> GradEntropy { get; init; }

    /// <summary>[N] optional: the forward pass's row maximum; with <see cref="RowLogSum"/> it saves a sweep.</summary>
    public ReadOnlyView<float> RowMax { get; init; }

    /// <summary>[N] optional: the forward pass's log-sum.</summary>
    public ReadOnlyView<float> RowLogSum { get; init; }

    /// <summary>[N] optional: the forward pass's entropy. Used (and needed) only together with the row statistics when <see cref="GradEntropy"/> is given.</summary>
    public ReadOnlyView<float> Entropy { get; init; }

    /// <summary>[N, V] result. May be the same memory as <see cref="Logits"/>: then the logits are overwritten, by the caller's choice.</summary>
    public required View<T> GradLogits { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Logits.Rows;
        Require.Shape(Targets, n, 1);
        Require.OptionalShape(Mask, n, 1);
        Require.OptionalShape(GradLogprobs, n, 1);
        Require.OptionalShape(GradEntropy, n, 1);
        Require.OptionalShape(RowMax, n, 1);
        Require.OptionalShape(RowLogSum, n, 1);
        Require.OptionalShape(Entropy, n, 1);
        Require.Shape<T>(GradLogits, n, Logits.Cols);
        if (RowMax.IsEmpty != RowLogSum.IsEmpty)
        {
            throw new ArgumentException("RowMax and RowLogSum are given together or not at all");
        }

        Transform.Validate();
        Require.Targets(Targets, Mask, Logits.Cols);
    }
}
