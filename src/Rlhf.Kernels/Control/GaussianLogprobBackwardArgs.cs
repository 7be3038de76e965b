using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Control;

/// <summary>
/// Gradient of <see cref="GaussianLogprobForwardArgs"/> for arbitrary upstream gradients g of log-prob and h of entropy:
/// <c>d mean = g z / σ</c>, <c>d log σ = g (z² − 1) + h</c>.
/// </summary>
/// <remarks>
/// With LogStds [1, A] its gradient is the sum over all rows, added within fixed blocks of rows and then block by block: the same bits
/// for any number of threads. A row whose g is 0 gives zeros and h, whatever it holds: that is how rows are left out.
/// </remarks>
public readonly struct GaussianLogprobBackwardArgs
{
    /// <summary>[N, A] means.</summary>
    public required ReadOnlyView<float> Means { get; init; }

    /// <summary>[N, A] logarithms of the standard deviations, or [1, A]: the same for all states.</summary>
    public required ReadOnlyView<float> LogStds { get; init; }

    /// <summary>[N, A] actions.</summary>
    public required ReadOnlyView<float> Actions { get; init; }

    /// <summary>[N] upstream gradient of the log-probs; any stride, 0 included. Left out: zero.</summary>
    public ReadOnlyView<float> GradLogprobs { get; init; }

    /// <summary>[N] upstream gradient of the entropies; any stride, 0 included. Left out: zero.</summary>
    public ReadOnlyView<float> GradEntropy { get; init; }

    /// <summary>[N, A] result; overwritten. Left out: not computed.</summary>
    public View<float> GradMeans { get; init; }

    /// <summary>Result in the shape of <see cref="LogStds"/>; overwritten. Left out: not computed.</summary>
    public View<float> GradLogStds { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Means.Rows, a = Means.Cols;
        Require.RowOrRows(LogStds, n, a);
        Require.Shape(Actions, n, a);
        Require.OptionalShape(GradLogprobs, n, 1);
        Require.OptionalShape(GradEntropy, n, 1);
        Require.OptionalShape<float>(GradMeans, n, a);
        Require.OptionalShape<float>(GradLogStds, LogStds.Rows, a);
        GaussianLogprobForwardArgs.RequireActions(a);
    }
}
