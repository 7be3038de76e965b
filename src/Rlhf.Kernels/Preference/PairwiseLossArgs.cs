using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Preference;

/// <summary>
/// Bradley–Terry loss over pairs with its gradient, with d = chosen − rejected − margin and p = Noise/2 + (1 − Noise) σ(d):
/// <c>loss = Σ −label log p − (1 − label) log(1 − p) + Centering (chosen + rejected)²</c>, divided by <see cref="Normalizer"/>.
/// </summary>
/// <remarks>
/// Noise 0 is the reward-model loss of InstructGPT and TRL (evaluated as softplus(−d): finite for any d); Noise 0.1 is the
/// uniform-answer model of Christiano et al. 2017, §2.2.3. Centering is Eisenstein et al. 2023's regulariser (TRL's
/// center_rewards_coefficient). Bitwise equal for any number of threads.
/// </remarks>
public readonly struct PairwiseLossArgs
{
    /// <summary>[N] rewards of the chosen items.</summary>
    public required ReadOnlyView<float> Chosen { get; init; }

    /// <summary>[N] rewards of the rejected items.</summary>
    public required ReadOnlyView<float> Rejected { get; init; }

    /// <summary>[N] optional margins, subtracted inside the sigmoid.</summary>
    public ReadOnlyView<float> Margins { get; init; }

    /// <summary>[N] optional soft labels: probability that "chosen" is the better one, 0 … 1. Left out: 1.</summary>
    public ReadOnlyView<float> Labels { get; init; }

    /// <summary>Probability of a uniformly random answer, 0 … 1 (below 1). Default 0.</summary>
    public float Noise { get; init; }

    /// <summary>Coefficient of the squared sum of the two rewards. Default 0.</summary>
    public float Centering { get; init; }

    /// <summary>Pairs over all micro-batches and ranks.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[N] result: d loss / d Chosen. Left out: not computed.</summary>
    public View<float> GradChosen { get; init; }

    /// <summary>[N] result: d loss / d Rejected. Left out: not computed.</summary>
    public View<float> GradRejected { get; init; }

    /// <summary>[<see cref="PreferenceStats.Length"/>] result.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int n = Chosen.Rows;
        Require.Shape(Chosen, n, 1);
        Require.Shape(Rejected, n, 1);
        Require.OptionalShape(Margins, n, 1);
        Require.OptionalShape(Labels, n, 1);
        Require.OptionalShape<float>(GradChosen, n, 1);
        Require.OptionalShape<float>(GradRejected, n, 1);
        Require.Shape<float>(Stats, PreferenceStats.Length, 1);
        Require.Within(Noise, 0f, 0.999f);
        Require.NonNegative(Centering);
        Require.Positive(Normalizer);
    }
}
