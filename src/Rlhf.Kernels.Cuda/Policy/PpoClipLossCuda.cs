using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Policy;

/// <summary>Launches <see cref="PpoClipLossArgs"/>.</summary>
internal static class PpoClipLossCuda
{
    // Elements of a block: four accesses of 16 bytes a thread and array, and few enough blocks that the last one's sum over them is short.
    private const int Chunk = 4096;

    public static void Run(CudaLauncher cuda, in PpoClipLossArgs args)
    {
        args.Validate();
        int rows = args.Logprobs.Rows;
        long cols = args.Logprobs.Cols;
        bool dense = args.RowWeights.IsEmpty && args.Logprobs.IsContiguous && args.OldLogprobs.IsContiguous
            && args.Advantages.IsContiguous && args.Mask.IsContiguous && args.GradLogprobs.IsContiguous;
        if (dense)
        {
            (rows, cols) = (Math.Min(rows, 1), rows * cols);
        }

        long chunks = (cols + Chunk - 1) / Chunk;

        // A batch without tokens still writes its statistics.
        long blocks = Math.Max(rows * chunks, 1);
        PpoClipLossParams parameters = new()
        {
            Logprobs = DeviceView.Of(args.Logprobs),
            OldLogprobs = DeviceView.Of(args.OldLogprobs),
            Advantages = DeviceView.Of(args.Advantages),
            Mask = DeviceView.Of(args.Mask),
            RowWeights = DeviceView.Of(args.RowWeights),
            GradLogprobs = DeviceView.Of(args.GradLogprobs),
            Stats = DeviceView.Of(args.Stats),
            Grid = cuda.Partials(PpoClipStats.Length, blocks),
            Cols = rows == 0 ? 0 : cols,
            Chunk = Chunk,
            ChunksARow = (int)Math.Max(chunks, 1),
            ClipLow = 1f - args.Options.ClipLow,
            ClipHigh = 1f + args.Options.ClipHigh,
            DualClip = args.Options.DualClip,
            LogRatioLimit = args.Options.LogRatioLimit,
            Normalizer = args.Normalizer,
        };
        cuda.Launch(cuda.Function("policy/ppo_clip_loss", "rlhf_ppo_clip_loss_f32"), blocks, parameters);
    }
}
