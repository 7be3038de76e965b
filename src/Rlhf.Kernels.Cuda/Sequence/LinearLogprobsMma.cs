using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>
/// The tensor-core forward of the fused head, which writes no logits: kernels/sequence/linear_logprobs_mma.cu, then
/// linear_logprobs_merge.cu. The workspace holds the splits' partial results, 16 bytes a row and 1,024 tokens of the vocabulary.
/// </summary>
internal static class LinearLogprobsMma
{
    /// <summary>Largest hidden size for which it is taken before cuBLAS: kMmaHiddenSize of tuning.cuh, with the reason there.</summary>
    public const int LargestHiddenSize = 1024;

    // As in the kernel.
    private const int Split = 1024, Tile = 128, SharedBytes = 3 * 2 * Tile * 32 * 2, Threads = 256;

    /// <summary>Whether it can run, and should.</summary>
    public static bool Serves<T>(CudaLauncher cuda, in LinearHead<T> head)
        where T : unmanaged =>
        typeof(T) != typeof(float) && cuda.Architecture >= 80 && Aligned(head.Hidden) && Aligned(head.Weight)
        && (head.Weight.Cols <= LargestHiddenSize || !cuda.Gemm.UsesLibrary<T>());

    public static void Run<T>(CudaLauncher cuda, in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        const long Alignment = 16, PartialBytes = 4 * sizeof(float);
        int rows = args.Head.Hidden.Rows, splits = (args.Head.Weight.Rows + Split - 1) / Split;
        if (rows == 0)
        {
            return;
        }

        nint partials = (nint)((DeviceView.Of(args.Workspace).Data + Alignment - 1) / Alignment * Alignment);
        long fit = (args.Workspace.Count - Alignment) / (splits * PartialBytes);
        int step = fit >= rows ? rows : (int)(fit >= Tile ? fit / Tile * Tile : fit);
        for (int begin = 0; begin < rows; begin += step)
        {
            Launch(cuda, args, partials, begin, Math.Min(step, rows - begin), splits);
        }
    }

    private static void Launch<T>(CudaLauncher cuda, in LinearLogprobsForwardArgs<T> args, nint partials, int begin, int count, int splits)
        where T : unmanaged
    {
        LinearHead<T> head = args.Head;
        ScaleFactors scale = new(head.Transform);
        DeviceView targets = DeviceView.Of(head.Targets.SliceRows(begin, count));
        LinearLogprobsMmaParams products = new()
        {
            Hidden = DeviceView.Of(head.Hidden.SliceRows(begin, count)),
            Weight = DeviceView.Of(head.Weight),
            Bias = DeviceView.Of(head.Bias),
            Targets = targets,
            Partials = partials,
            Rows = count,
            Vocab = head.Weight.Rows,
            HiddenSize = head.Weight.Cols,
            Inner = scale.Inner,
            Cap = scale.Cap,
            InverseCap = scale.InverseCap,
            SlopeLog2 = scale.SlopeLog2,
            Slope = scale.Slope,
            Chain = scale.Chain,
        };
        string entry = typeof(T) == typeof(BFloat16) ? "rlhf_linear_logprobs_mma_bf16" : "rlhf_linear_logprobs_mma_f16";
        long tiles = (count + Tile - 1) / Tile;
        cuda.Launch(cuda.Function("sequence/linear_logprobs_mma", entry), tiles * splits, products, SharedBytes);

        LinearLogprobsMergeParams merge = new()
        {
            Partials = partials,
            Targets = targets,
            Mask = DeviceView.Of(head.Mask.Part(begin, count)),
            Logprobs = DeviceView.Of(args.Logprobs.Part(begin, count)),
            Entropy = DeviceView.Of(args.Entropy.Part(begin, count)),
            Error = cuda.ErrorWord,
            FirstRow = begin,
            Rows = count,
            Vocab = head.Weight.Rows,
            Inner = scale.Inner,
            Cap = scale.Cap,
            InverseCap = scale.InverseCap,
            SlopeLog2 = scale.SlopeLog2,
            Slope = scale.Slope,
            Chain = scale.Chain,
        };
        cuda.Launch(cuda.Function("sequence/linear_logprobs_merge", "rlhf_linear_logprobs_merge_f32"), (count + Threads - 1) / Threads, merge);
    }

    // 16-byte accesses: the address, the rows' distance, and whole chunks of eight in a row.
    private static unsafe bool Aligned<T>(ReadOnlyView<T> view)
        where T : unmanaged => view.Cols % 8 == 0 && view.RowStride % 8 == 0 && (nint)view.Pointer % 16 == 0;
}
