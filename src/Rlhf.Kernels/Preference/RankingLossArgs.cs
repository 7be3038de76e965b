using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Preference;

/// <summary>
/// InstructGPT's K-way reward loss (Ouyang et al. 2022, eq. 1): all pairs of a prompt are one element,
/// <c>loss = Σ_prompts (1 / pairs) Σ_(better, worse) −log σ(r_better − r_worse) / Normalizer</c>. Ties give no pair.
/// </summary>
/// <remarks>
/// A prompt whose items are all tied has no pair and adds nothing. The 10 % form as in <see cref="PairwiseLossArgs.Noise"/>.
/// Bitwise equal for any number of threads; a prompt's gradient does not depend on the batch.
/// </remarks>
public readonly struct RankingLossArgs
{
    /// <summary>[M] rewards, the groups one after the other.</summary>
    public required ReadOnlyView<float> Rewards { get; init; }

    /// <summary>[M] rank of each item within its group, smaller is better; equal ranks are ties.</summary>
    public required ReadOnlyView<int> Ranks { get; init; }

    /// <summary>[G + 1] where each group begins, from 0 to M, ascending.</summary>
    public required ReadOnlyView<int> GroupOffsets { get; init; }

    /// <summary>Weigh every pair alike (divide by <see cref="Normalizer"/> alone) instead of every prompt. Default false.</summary>
    public bool WeighPairs { get; init; }

    /// <summary>Probability of a uniformly random answer, as in <see cref="PairwiseLossArgs"/>. Default 0.</summary>
    public float Noise { get; init; }

    /// <summary>Prompts that have a pair (or pairs, with <see cref="WeighPairs"/>) over all micro-batches and ranks.</summary>
    public required float Normalizer { get; init; }

    /// <summary>[M] result: d loss / d Rewards. Left out: not computed.</summary>
    public View<float> GradRewards { get; init; }

    /// <summary>[<see cref="PreferenceStats.Length"/>] result.</summary>
    public required View<float> Stats { get; init; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names the member, its shape and the expected one.</summary>
    public void Validate()
    {
        int m = Rewards.Rows, groups = GroupOffsets.Rows - 1;
        Require.Shape(Rewards, m, 1);
        Require.Shape(Ranks, m, 1);
        Require.OptionalShape<float>(GradRewards, m, 1);
        Require.Shape<float>(Stats, PreferenceStats.Length, 1);
        Require.Within(Noise, 0f, 0.999f);
        Require.Positive(Normalizer);
        bool readable = GroupOffsets.Device == DeviceKind.Cpu;
        if (groups < 0 || (readable && (GroupOffsets[0] != 0 || GroupOffsets[groups] != m)))
        {
            throw new ArgumentException($"GroupOffsets is {GroupOffsets}, expected [G + 1] from 0 to {m}");
        }

        for (int g = 0; readable && g < groups; g++)
        {
            if (GroupOffsets[g + 1] < GroupOffsets[g])
            {
                throw new ArgumentException($"GroupOffsets[{g + 1}] is {GroupOffsets[g + 1]}, expected at least {GroupOffsets[g]}");
            }
        }
    }
}
