using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Cuda.Optimizer;

/// <summary>Launches <see cref="GlobalNormArgs"/>.</summary>
internal static class GlobalNormCuda
{
    // The last block adds up the others' sums: no more than these, each of whole chunks of 16 packs a thread.
    private const int MaxBlocks = 2048, ChunkUnit = 16384;

    public static void Run(CudaLauncher cuda, in GlobalNormArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Gradients.Rows, args.Gradients.Cols);
        plan.Add(args.Gradients);
        long units = (args.Gradients.Count + ChunkUnit - 1) / ChunkUnit;
        ElementGrid elements = plan.Grid(checked((int)(ChunkUnit * Math.Max(1, (units + MaxBlocks - 1) / MaxBlocks))));
        GlobalNormParams parameters = new()
        {
            Gradients = DeviceView.Of(args.Gradients),
            Result = DeviceView.Of(args.Result),
            Partials = cuda.Partials(1, elements.Blocks),
            Elements = elements,
            MaxNorm = args.MaxNorm,
        };
        cuda.Launch(cuda.Function("optimizer/global_norm", "rlhf_global_norm_f32"), elements.Blocks, parameters);
    }
}
