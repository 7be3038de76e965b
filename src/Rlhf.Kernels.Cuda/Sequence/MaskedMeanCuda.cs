using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="MaskedMeanArgs"/>.</summary>
internal static class MaskedMeanCuda
{
    // Count, shift, deviations and their squares of each block.
    private const int PartialCount = 4;

    public static void Run(CudaLauncher cuda, in MaskedMeanArgs args)
    {
        args.Validate();
        Launch(cuda, args.Values, args.Mask, args.Unbiased, DeviceView.Of(args.Stats));
    }

    /// <summary>Writes count, mean and variance to <paramref name="stats"/>.</summary>
    public static void Launch(CudaLauncher cuda, ReadOnlyView<float> values, ReadOnlyView<byte> mask, bool unbiased, DeviceView stats)
    {
        ElementPlan plan = new(values.Rows, values.Cols);
        plan.Add(values);
        plan.Add(mask);
        ElementGrid elements = plan.Grid(ElementPlan.StatsChunk);
        MaskedMeanParams parameters = new()
        {
            Values = DeviceView.Of(values),
            Mask = DeviceView.Of(mask),
            Stats = stats,
            Partials = cuda.Partials(PartialCount, elements.Blocks),
            Elements = elements,
            Unbiased = unbiased ? 1 : 0,
        };
        cuda.Launch(cuda.Function("sequence/masked_mean", "rlhf_masked_mean_f32"), elements.Blocks, parameters);
    }
}
