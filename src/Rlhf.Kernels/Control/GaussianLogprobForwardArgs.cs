using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Control;

/// <summary>
/// Log-prob and entropy of actions under a Gaussian policy with a diagonal covariance, σ = e^LogStds:
/// <c>logprob = −½ Σ_j z_j² − Σ_j log σ_j − ½ A log 2π</c> with <c>z = (action − mean) / σ</c>, and
/// <c>entropy = Σ_j log σ_j + ½ A (1 + log 2π)</c>.
/// </summary>
/// <remarks>
/// For discrete actions the same is <see cref="Sequence.TokenLogprobsForwardArgs{T}"/>, with V the number of actions.
/// 1 / σ is taken at log σ within ±87, so that an action at its mean has a finite log-prob whatever σ is. A row has the same bits in
/// any batch and for any number of threads, with LogStds [1, A] or [N, A].
/// </remarks>
public readonly struct GaussianLogprobForwardArgs
{
    /// <summary>Largest A of the Gaussian kernels.</summary>
    public const int MaxActions = 1024;

    /// <summary>[N, A] means.</summary>
    public required ReadOnlyView<float> Means { get; init; }

    /// <summary>[N, A] logarithms of the standard deviations, or [1, A]: the same for all states.</summary>
    public required ReadOnlyView<float> LogStds { get; init; }

    /// <summary>[N, A] actions.</summary>
    public required ReadOnlyView<float> Actions { get; init; }

    /// <summary>[N] result.</summary>
    public required View<float> Logprobs { get; init; }

    /// <summary>[N] optional result.</summary>
    public View<float> Entropy { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Means.Rows, a = Means.Cols;
        Require.RowOrRows(LogStds, n, a);
        Require.Shape(Actions, n, a);
        Require.Shape<float>(Logprobs, n, 1);
        Require.OptionalShape<float>(Entropy, n, 1);
        RequireActions(a);
    }

    internal static void RequireActions(int count)
    {
        if (count > MaxActions)
        {
            throw new ArgumentException($"Means has {count} columns, expected at most {MaxActions}");
        }
    }
}
