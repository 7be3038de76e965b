using System.Text.Json;
using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;

namespace Rlhf.Fixtures.Families;

/// <summary>InstructGPT's loss over ranked groups, by prompt and with every pair alike.</summary>
internal static class GroupsCase
{
    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        int items = tensors.Shape("rewards", 1)[0];
        int[][] ranks = ReadRanks(context.Arguments, items);
        context.Arguments.RejectUnread();
        long[][] pairs = [.. Pairs(ranks)];

        View<float> rewards = context.Memory.Copy<float>(tensors.Singles("rewards"), items);
        View<int> rank = context.Memory.Copy<int>(ranks.SelectMany(group => group).ToArray(), items);
        View<int> offsets = context.Memory.Zeros<int>(ranks.Length + 1);
        for (int g = 0; g < ranks.Length; g++)
            offsets[g + 1] = offsets[g] + ranks[g].Length;

        // A prompt whose items are all tied has nothing to average over: it is no element of the mean.
        int prompts = pairs.Select(pair => pair[0]).Distinct().Count();
        Tolerance loss = context.Tolerances.For("loss");
        PreferenceStats byPrompt = Loss(weighPairs: false, prompts, "grad_rewards");
        PreferenceStats byPair = Loss(weighPairs: true, pairs.Length, "grad_rewards_flat_mean");
        context.CheckScalar("loss", byPrompt.Loss, loss);
        context.CheckScalar("loss_flat_mean", byPair.Loss, loss);
        context.CheckScalar("accuracy_over_pairs", byPrompt.Accuracy, loss);
        context.CheckExact("pairs", pairs.SelectMany(pair => pair).ToArray());

        PreferenceStats Loss(bool weighPairs, int normalizer, string gradientName)
        {
            View<float> gradient = context.Memory.Zeros<float>(items), stats = context.Memory.Zeros<float>(PreferenceStats.Length);
            context.Kernels.RankingLoss(new RankingLossArgs
            {
                Rewards = rewards,
                Ranks = rank,
                GroupOffsets = offsets,
                WeighPairs = weighPairs,
                Normalizer = Math.Max(1, normalizer),
                GradRewards = gradient,
                Stats = stats,
            });
            context.Check(gradientName, Scratch.Span(gradient), context.Tolerances.For("grads"));
            return PreferenceStats.Read(stats);
        }
    }

    private static int[][] ReadRanks(CaseArguments arguments, int items)
    {
        int[] sizes = Array.ConvertAll(arguments.Numbers("group_sizes"), size => (int)size);
        int[][] ranks =
        [
            .. arguments.Structure("ranks", JsonValueKind.Array).EnumerateArray().Select(group =>
                CaseJson.Require(group, "arguments.ranks", JsonValueKind.Array)
                    .EnumerateArray().Select(rank => CaseJson.Integer(rank, "arguments.ranks")).ToArray()),
        ];
        if (!sizes.SequenceEqual(ranks.Select(group => group.Length)) || sizes.Sum() != items)
            throw new FixtureException($"argument 'ranks' does not have group_sizes [{string.Join(", ", sizes)}] with {items} rewards");
        return ranks;
    }

    /// <summary>(group, better, worse) for every pair that is no tie, items counted over all groups, in their order.</summary>
    private static IEnumerable<long[]> Pairs(int[][] ranks)
    {
        for (int g = 0, first = 0; g < ranks.Length; first += ranks[g++].Length)
        {
            for (int i = 0; i < ranks[g].Length; i++)
            {
                for (int j = i + 1; j < ranks[g].Length; j++)
                {
                    if (ranks[g][i] != ranks[g][j])
                        yield return ranks[g][i] < ranks[g][j] ? [g, first + i, first + j] : [g, first + j, first + i];
                }
            }
        }
    }
}
