using Rlhf.Kernels.Preference;

namespace Rlhf.Kernels.Cuda.Preference;

/// <summary>Launches <see cref="SegmentPreferenceArgs"/>.</summary>
internal static class SegmentPreferenceCuda
{
    private const int Warp = 32;

    public static void Run(CudaLauncher cuda, in SegmentPreferenceArgs args)
    {
        args.Validate();
        int pairs = args.Rewards1.Rows, length = args.Rewards1.Cols;
        CudaFunction function = cuda.Function("preference/segment_preference", "rlhf_segment_preference_f32");

        // A warp a pair; without pairs one block writes the statistics of nothing.
        int pairsOfBlock = function.Threads / Warp;
        long blocks = Math.Max(1, ((long)pairs + pairsOfBlock - 1) / pairsOfBlock);
        ElementPlan plan = new(pairs, length);
        plan.Add(args.Rewards1);
        plan.Add(args.Rewards2);
        plan.Add(args.GradRewards1);
        plan.Add(args.GradRewards2);
        SegmentPreferenceParams parameters = new()
        {
            Rewards1 = DeviceView.Of(args.Rewards1),
            Rewards2 = DeviceView.Of(args.Rewards2),
            Labels = DeviceView.Of(args.Labels),
            Probabilities = DeviceView.Of(args.Probabilities),
            GradRewards1 = DeviceView.Of(args.GradRewards1),
            GradRewards2 = DeviceView.Of(args.GradRewards2),
            Stats = DeviceView.Of(args.Stats),
            Partials = cuda.Partials(PreferenceStats.Length, blocks),
            LossFactor = 1.0 / args.Normalizer,
            Normalizer = args.Normalizer,
            Discount = args.Discount,
            Pairs = pairs,
            Length = length,
            Packed = plan.RowsAreAligned ? 1 : 0,
            Noise = args.Noise,
            Limit = args.Limit,
        };
        cuda.Launch(function, blocks, parameters);
    }
}
