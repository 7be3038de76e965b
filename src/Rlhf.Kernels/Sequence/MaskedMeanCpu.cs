using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU body of <see cref="MaskedMeanArgs"/>.</summary>
internal static class MaskedMeanCpu
{
    public static void Run(SimdRunner runner, in MaskedMeanArgs args)
    {
        args.Validate();
        MaskedMoments moments = MaskedMoments.Of(runner, args.Values, args.Mask, args.Unbiased);
        View<float> stats = args.Stats;
        stats[0] = (float)moments.Count;
        stats[1] = (float)moments.Mean;
        stats[2] = (float)moments.Variance;
    }
}
