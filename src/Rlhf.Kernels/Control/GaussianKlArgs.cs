using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Control;

/// <summary>
/// KL divergence of two Gaussian policies with diagonal covariances, from the old one to the new one, with its gradient to the new one in
/// the same pass: <c>kl = Σ_j log σ_j − log σ'_j + (σ'_j² + (μ'_j − μ_j)²) / 2 σ_j² − ½</c>, μ', σ' the old policy's.
/// </summary>
/// <remarks>
/// Near each other it keeps its digits: e^x − 1 − x is taken as a series. Gradient: <c>d μ = (μ − μ') / σ²</c>,
/// <c>d log σ = 1 − (σ'² + (μ' − μ)²) / σ²</c>, times <see cref="GradKl"/>; with LogStds [1, A] the second is summed over the rows as in
/// <see cref="GaussianLogprobBackwardArgs"/>. With OldMeans 0 (one row of stride 0) and equal deviations the gradient of
/// <see cref="Means"/> is GradKl · Means / σ²: the Fisher matrix's block of the means, which TRPO multiplies by J v; its block of the
/// log standard deviations is 2.
/// </remarks>
public readonly struct GaussianKlArgs
{
    /// <summary>[N, A] means of the new policy.</summary>
    public required ReadOnlyView<float> Means { get; init; }

    /// <summary>[N, A] logarithms of the new policy's standard deviations, or [1, A]: the same for all states.</summary>
    public required ReadOnlyView<float> LogStds { get; init; }

    /// <summary>[N, A] means of the old policy.</summary>
    public required ReadOnlyView<float> OldMeans { get; init; }

    /// <summary>[N, A] logarithms of the old policy's standard deviations, or [1, A].</summary>
    public required ReadOnlyView<float> OldLogStds { get; init; }

    /// <summary>[N] upstream gradient of each row's divergence; any stride, 0 included. Left out: 1. A row where it is 0 has no gradient, whatever it holds.</summary>
    public ReadOnlyView<float> GradKl { get; init; }

    /// <summary>[N] result.</summary>
    public required View<float> Kl { get; init; }

    /// <summary>[N, A] result; overwritten. Left out: not computed.</summary>
    public View<float> GradMeans { get; init; }

    /// <summary>Result in the shape of <see cref="LogStds"/>; overwritten. Left out: not computed.</summary>
    public View<float> GradLogStds { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Means.Rows, a = Means.Cols;
        Require.RowOrRows(LogStds, n, a);
        Require.Shape(OldMeans, n, a);
        Require.RowOrRows(OldLogStds, n, a);
        Require.OptionalShape(GradKl, n, 1);
        Require.Shape<float>(Kl, n, 1);
        Require.OptionalShape<float>(GradMeans, n, a);
        Require.OptionalShape<float>(GradLogStds, LogStds.Rows, a);
        GaussianLogprobForwardArgs.RequireActions(a);
    }
}
