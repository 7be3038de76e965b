using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Sampling;

/// <summary>
/// Draws one action a row from a Gaussian policy with a diagonal covariance, <c>action = mean + σ ε</c> with σ = e^LogStds, and takes
/// its log-prob in the same visit. ε comes from Philox numbers of (seed; sequence, step) by Box and Muller's transform, so a sequence
/// gets the same actions whatever batch it is in, and whenever.
/// </summary>
/// <remarks>
/// The log-prob is that of the action as it was rounded: it has the bits that <see cref="GaussianLogprobForwardArgs"/> gives for it.
/// The words of Philox block j + 1 at (sequence, step) serve columns 4 j … 4 j + 3; block 0 is that of
/// <see cref="CategoricalArgs{T}"/>. Radii come from 24 bits, so that |ε| is at most 5.77. For discrete actions see
/// <see cref="CategoricalArgs{T}"/>.
/// </remarks>
public readonly struct GaussianArgs
{
    /// <summary>[N, A] means.</summary>
    public required ReadOnlyView<float> Means { get; init; }

    /// <summary>[N, A] logarithms of the standard deviations, or [1, A]: the same for all states.</summary>
    public required ReadOnlyView<float> LogStds { get; init; }

    /// <summary>Key of the random numbers.</summary>
    public required ulong Seed { get; init; }

    /// <summary>[N] identity of each sequence, e.g. the number of the environment.</summary>
    public required ReadOnlyView<long> Sequences { get; init; }

    /// <summary>[N] step within the sequence; stride 0 for a batch in step.</summary>
    public required ReadOnlyView<int> Steps { get; init; }

    /// <summary>[N, A] result; not the memory of <see cref="Means"/>.</summary>
    public required View<float> Actions { get; init; }

    /// <summary>[N] result: log-probs of the drawn actions.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result: entropy of the policy.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Means.Rows, a = Means.Cols;
        Require.RowOrRows(LogStds, n, a);
        Require.Shape(Sequences, n, 1);
        Require.Shape(Steps, n, 1);
        Require.Shape<float>(Actions, n, a);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        GaussianLogprobForwardArgs.RequireActions(a);
    }
}
