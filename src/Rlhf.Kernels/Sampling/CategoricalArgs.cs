using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Sampling;

/// <summary>
/// Draws one token a row and takes its log-prob in the same visit of the logits.
/// The draw inverts the cumulative distribution in vocabulary order at a Philox number of (seed; sequence, position), so a
/// sequence gets the same tokens whatever batch it is in, and whenever.
/// </summary>
/// <remarks>
/// The log-prob has the bits that <see cref="TokenLogprobsForwardArgs{T}"/> gives for the drawn token. A token of probability 0
/// is never drawn. A row without a finite maximum (only −∞, or NaN, or +∞) gives token 0 with log-prob NaN.
/// </remarks>
/// <typeparam name="T">Storage of the logits: <see cref="float"/> or <see cref="BFloat16"/>.</typeparam>
public readonly struct CategoricalArgs<T>
    where T : unmanaged
{
    private readonly float? _topP;

    /// <summary>[N, V] raw logits. Slicing columns limits the vocabulary.</summary>
    public required ReadOnlyView<T> Logits { get; init; }

    /// <summary>Scale, soft cap and temperature.</summary>
    public LogitTransform Transform { get; init; }

    /// <summary>Take the most likely token instead of drawing; the lowest id among equals.</summary>
    public bool Greedy { get; init; }

    /// <summary>Draw among the TopK most likely tokens (ties at the border are all kept); 0 (the default) for all.</summary>
    public int TopK { get; init; }

    /// <summary>Draw among the smallest set of most likely tokens whose mass reaches TopP (ties at the border are all kept); 1 (the default) for all. Applied after top-k.</summary>
    public float TopP
    {
        get => _topP ?? 1f;
        init => _topP = value;
    }

    /// <summary>False (the default): the log-prob is that of the full distribution. True: of the truncated one that was drawn from.</summary>
    public bool TruncatedLogprobs { get; init; }

    /// <summary>Key of the random numbers.</summary>
    public required ulong Seed { get; init; }

    /// <summary>[N] identity of each sequence.</summary>
    public required ReadOnlyView<long> Sequences { get; init; }

    /// <summary>[N] position of the token within its sequence; stride 0 for a batch in step.</summary>
    public required ReadOnlyView<int> Positions { get; init; }

    /// <summary>[N] result: token ids.</summary>
    public required View<int> Tokens { get; init; }

    /// <summary>[N] result: log-probs of the drawn tokens.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result: entropy of the full distribution.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Logits.Rows;
        Require.Shape(Sequences, n, 1);
        Require.Shape(Positions, n, 1);
        Require.Shape<int>(Tokens, n, 1);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        Transform.Validate();
        if (TopK < 0)
        {
            throw new ArgumentException($"TopK is {TopK}, expected 0 (off) or more");
        }

        if (!(TopP > 0f && TopP <= 1f))
        {
            throw new ArgumentException($"TopP is {TopP}, expected above 0 and at most 1");
        }
    }
}
