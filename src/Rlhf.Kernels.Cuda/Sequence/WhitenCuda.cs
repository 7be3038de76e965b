using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="WhitenArgs"/>.</summary>
internal static class WhitenCuda
{
    // One block measures and applies up to this many elements (kWhitenSmallThreads of tuning.cuh, 16 elements a thread).
    private const int Small = 8192;

    public static void Run(CudaLauncher cuda, in WhitenArgs args)
    {
        args.Validate();
        ElementPlan plan = new(args.Values.Rows, args.Values.Cols);
        plan.Add(args.Values);
        plan.Add(args.Mask);
        plan.Add(args.Whitened);
        bool small = args.GivenStats.IsEmpty && args.Values.Count <= Small;
        ElementGrid elements = plan.Grid(small ? Small : ElementPlan.Chunk);
        if (elements.Count == 0)
        {
            return;
        }

        WhitenParams parameters = new()
        {
            Values = DeviceView.Of(args.Values),
            Mask = DeviceView.Of(args.Mask),
            GivenStats = DeviceView.Of(args.GivenStats),
            Whitened = DeviceView.Of(args.Whitened),
            Elements = elements,
            Unbiased = args.Unbiased ? 1 : 0,
            ShiftMean = args.ShiftMean ? 1 : 0,
        };
        if (small)
        {
            cuda.Launch(cuda.Function("sequence/whiten", "rlhf_whiten_small_f32"), elements.Blocks, parameters);
            return;
        }

        if (args.GivenStats.IsEmpty)
        {
            parameters.GivenStats = new DeviceView { Data = cuda.Scratch(MaskedMeanArgs.StatsLength * sizeof(float)), Stride = 1 };
            MaskedMeanCuda.Launch(cuda, args.Values, args.Mask, args.Unbiased, parameters.GivenStats);
        }

        cuda.Launch(cuda.Function("sequence/whiten", "rlhf_whiten_f32"), elements.Blocks, parameters);
    }
}
