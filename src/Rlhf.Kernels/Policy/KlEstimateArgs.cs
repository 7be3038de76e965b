using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Policy;

/// <summary>A KL estimate at each token, and its derivative with respect to the policy's log-prob.</summary>
/// <remarks>Masked positions give 0 and are never read into a result.</remarks>
public readonly struct KlEstimateArgs
{
    private readonly float? _clamp;

    /// <summary>[B, T] log-probs of the policy.</summary>
    public required ReadOnlyView<float> Logprobs { get; init; }

    /// <summary>[B, T] log-probs of the reference.</summary>
    public required ReadOnlyView<float> RefLogprobs { get; init; }

    /// <summary>[B, T] optional mask.</summary>
    public ReadOnlyView<byte> Mask { get; init; }

    /// <summary>Which estimator.</summary>
    public required KlEstimator Estimator { get; init; }

    /// <summary>The estimate is clamped to ± this and its gradient is 0 beyond (verl and OpenRLHF clamp k3 to ±10). Default: none (+∞).</summary>
    public float Clamp
    {
        get => _clamp ?? float.PositiveInfinity;
        init => _clamp = value;
    }

    /// <summary>[B, T] result.</summary>
    public required View<float> Kl { get; init; }

    /// <summary>[B, T] optional result: d Kl / d Logprobs.</summary>
    public View<float> GradLogprobs { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int rows = Logprobs.Rows, cols = Logprobs.Cols;
        Require.Shape(RefLogprobs, rows, cols);
        Require.OptionalShape(Mask, rows, cols);
        Require.Shape<float>(Kl, rows, cols);
        Require.OptionalShape<float>(GradLogprobs, rows, cols);
        Require.Within(Clamp, 0f, float.PositiveInfinity);
    }
}
