using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Preference;

/// <summary>
/// Preference loss over pairs of trajectory segments (Christiano et al. 2017, eq. 1): <c>R = Σ_t Discount^t r_t</c>,
/// <c>d = clamp(R1 − R2, ±Limit)</c>, <c>P(1 ≻ 2) = Noise/2 + (1 − Noise) σ(d)</c>, cross-entropy with the labels.
/// </summary>
/// <remarks>Where the difference is beyond the limit the gradient is 0 (imitation's ±50). Bitwise equal for any number of threads.</remarks>
public readonly struct SegmentPreferenceArgs
{
    private readonly float? _discount, _limit;

    /// <summary>[P, L] predicted rewards of the first segments.</summary>
    public required ReadOnlyView<float> Rewards1 { get; init; }

    /// <summary>[P, L] predicted rewards of the second segments.</summary>
    public required ReadOnlyView<float> Rewards2 { get; init; }

    /// <summary>[P] probability that the first is preferred: 1, 0, or ½ for a tie.</summary>
    public required ReadOnlyView<float> Labels { get; init; }

    /// <summary>Discount within a segment. Default 1.</summary>
    public float Discount
    {
        get => _discount ?? 1f;
        init => _discount = value;
    }

    /// <summary>Bound of the difference of sums. Default 50.</summary>
    public float Limit
    {
        get => _limit ?? 50f;
        init => _limit = value;
    }

    /// <summary>Probability of a uniformly random answer. The paper: 0.1. Default 0.</summary>
    public float Noise { get; init; }

    /// <summary>Pairs over all micro-batches and ranks.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[P] optional result: P(1 ≻ 2).</summary>
    public View<float> Probabilities { get; init; }

    /// <summary>[P, L] result: d loss / d Rewards1. Left out: not computed.</summary>
    public View<float> GradRewards1 { get; init; }

    /// <summary>[P, L] result: d loss / d Rewards2. Left out: not computed.</summary>
    public View<float> GradRewards2 { get; init; }

    /// <summary>[<see cref="PreferenceStats.Length"/>] result; the rewards in it are the segments' sums.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int pairs = Rewards1.Rows, length = Rewards1.Cols;
        Require.Shape(Rewards2, pairs, length);
        Require.Shape(Labels, pairs, 1);
        Require.OptionalShape<float>(Probabilities, pairs, 1);
        Require.OptionalShape<float>(GradRewards1, pairs, length);
        Require.OptionalShape<float>(GradRewards2, pairs, length);
        Require.Shape<float>(Stats, PreferenceStats.Length, 1);
        Require.Within(Noise, 0f, 0.999f);
        Require.Within(Discount, 0f, 1f);
        Require.Positive(Limit);
        Require.Positive(Normalizer);
    }
}
