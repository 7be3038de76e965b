using Rlhf.Kernels.Cuda.Sequence;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>
/// Launches <see cref="PpoFromLogitsArgs{T}"/>: a warp a short row, else a block a row, which keeps the row in shared memory where it
/// fits; from sm_90 on a cluster of blocks for longer rows. All have the same bits.
/// </summary>
internal static class PpoFromLogitsCuda
{
    public static void Run<T>(CudaLauncher cuda, in PpoFromLogitsArgs<T> args)
        where T : unmanaged
    {
        _ = Dtype.Suffix<T>();
        args.Validate();
        int rows = args.Logits.Rows, vocab = args.Logits.Cols;
        CudaFunction function = cuda.Function("policy/ppo_from_logits", RowShape.IsShort(vocab) ? Entry<T>.Warp : Entry<T>.Block);
        int sharedBytes = RowShape.SharedBytes<T>(cuda, function, vocab), cluster = 1;
        bool inShared = sharedBytes > 0;
        if (sharedBytes == 0 && ClusterShape.TryFit<T>(cuda, vocab, out ClusterShape shape))
        {
            function = cuda.Function("policy/ppo_from_logits_cluster", Entry<T>.Cluster);
            (sharedBytes, cluster) = (shape.SharedBytes, shape.Blocks);
        }

        // A batch without tokens still writes its statistics.
        long blocks = Math.Max(RowShape.Blocks(function, rows, vocab), 1) * cluster;
        ScaleFactors scale = new(args.Transform);
        PpoFromLogitsParams parameters = new()
        {
            Logits = DeviceView.Of(args.Logits),
            Targets = DeviceView.Of(args.Targets),
            OldLogprobs = DeviceView.Of(args.OldLogprobs),
            Advantages = DeviceView.Of(args.Advantages),
            Mask = DeviceView.Of(args.Mask),
            Weights = DeviceView.Of(args.Weights),
            Logprobs = DeviceView.Of(args.Logprobs),
            Entropy = DeviceView.Of(args.Entropy),
            GradLogits = DeviceView.Of(args.GradLogits),
            Stats = DeviceView.Of(args.Stats),
            Grid = cuda.Partials(PpoClipStats.Length, blocks),
            Error = cuda.ErrorWord,
            Rows = rows,
            Vocab = vocab,
            RowInShared = inShared ? 1 : 0,
            Inner = scale.Inner,
            Cap = scale.Cap,
            InverseCap = scale.InverseCap,
            SlopeLog2 = scale.SlopeLog2,
            Slope = scale.Slope,
            Chain = scale.Chain,
            ClipLow = 1f - args.Options.ClipLow,
            ClipHigh = 1f + args.Options.ClipHigh,
            DualClip = args.Options.DualClip,
            LogRatioLimit = args.Options.LogRatioLimit,
            EntropyCoef = args.EntropyCoef,
            Normalizer = args.Normalizer,
        };
        cuda.Launch(function, blocks, parameters, sharedBytes, cluster);
    }

    private static class Entry<T>
        where T : unmanaged
    {
        public static readonly string Block = "rlhf_ppo_from_logits_" + Dtype.Suffix<T>();
        public static readonly string Warp = "rlhf_ppo_from_logits_warp_" + Dtype.Suffix<T>();
        public static readonly string Cluster = "rlhf_ppo_from_logits_cluster_" + Dtype.Suffix<T>();
    }
}
