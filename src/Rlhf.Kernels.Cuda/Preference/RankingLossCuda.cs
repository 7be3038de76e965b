using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Cuda.Preference;

/// <summary>Launches <see cref="RankingLossArgs"/>.</summary>
internal static class RankingLossCuda
{
    private const int Warp = 32;

    public static void Run(CudaLauncher cuda, in RankingLossArgs args)
    {
        args.Validate();
        int groups = args.GroupOffsets.Rows - 1;
        CudaFunction function = cuda.Function("preference/ranking_loss", "rlhf_ranking_loss_f32");

        // A warp a group; without groups one block writes the statistics of nothing.
        int groupsOfBlock = function.Threads / Warp;
        long blocks = Math.Max(1, ((long)groups + groupsOfBlock - 1) / groupsOfBlock);
        RankingLossParams parameters = new()
        {
            Rewards = DeviceView.Of(args.Rewards),
            Ranks = DeviceView.Of(args.Ranks),
            GroupOffsets = DeviceView.Of(args.GroupOffsets),
            GradRewards = DeviceView.Of(args.GradRewards),
            Stats = DeviceView.Of(args.Stats),
            Partials = cuda.Partials(PreferenceStats.Length, blocks),
            Error = cuda.ErrorWord,
            Items = args.Rewards.Rows,
            Groups = groups,
            WeighPairs = args.WeighPairs ? 1 : 0,
            Noise = args.Noise,
            Normalizer = args.Normalizer,
        };
        cuda.Launch(function, blocks, parameters);
    }
}
