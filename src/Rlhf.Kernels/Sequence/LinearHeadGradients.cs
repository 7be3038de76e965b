using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sequence;

/// <summary>Where the gradients of a <see cref="LinearHead{T}"/> go, always f32. A view that is left out is not computed.</summary>
public readonly struct LinearHeadGradients
{
    /// <summary>[N, H] overwritten.</summary>
    public View<float> Hidden { get; init; }

    /// <summary>[V, H]; added to when <see cref="Accumulate"/> is set, else overwritten.</summary>
    public View<float> Weight { get; init; }

    /// <summary>[V]; added to when <see cref="Accumulate"/> is set, else overwritten.</summary>
    public View<float> Bias { get; init; }

    /// <summary>Add to weight and bias gradients instead of overwriting them (micro-batches, tied embeddings).</summary>
    public bool Accumulate { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate(int n, int hiddenSize, int vocab)
    {
        Require.OptionalShape<float>(Hidden, n, hiddenSize);
        Require.OptionalShape<float>(Weight, vocab, hiddenSize);
        Require.OptionalShape<float>(Bias, vocab, 1);
    }
}
