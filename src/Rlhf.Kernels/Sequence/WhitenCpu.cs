using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU body of <see cref="WhitenArgs"/>.</summary>
internal static unsafe class WhitenCpu
{
    private const double Epsilon = 1e-8;

    public static void Run(SimdRunner runner, in WhitenArgs args)
    {
        args.Validate();
        MaskedMoments moments = args.GivenStats.IsEmpty
            ? MaskedMoments.Of(runner, args.Values, args.Mask, args.Unbiased)
            : new MaskedMoments(args.GivenStats[0], args.GivenStats[1], args.GivenStats[2]);
        var grid = ElementGrid.Create(
            args.Values.Rows,
            args.Values.Cols,
            dense: args.Values.IsContiguous && args.Mask.IsContiguous && args.Whitened.IsContiguous);
        var kernel = new Kernel
        {
            Args = args,
            Mean = (float)moments.Mean,
            Scale = moments.Count < 2 ? 1f : (float)(1 / Math.Sqrt(moments.Variance + Epsilon)),
        };
        ElementSum<Kernel, NoSums>.Run(runner, grid, kernel);
    }

    private struct Kernel : IElementKernel<NoSums>
    {
        public WhitenArgs Args;
        public float Mean, Scale;

        public readonly NoSums Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            var step = new Step<TV>(Mean, Scale, Args.ShiftMean ? 0f : Mean)
            {
                Values = grid.Row(Args.Values, row),
                Mask = grid.Row(Args.Mask, row),
                Whitened = grid.Row<float>(Args.Whitened, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return default;
        }
    }

    private readonly struct Step<TV>(float mean, float scale, float keep) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        private readonly TV _mean = TV.Broadcast(mean), _scale = TV.Broadcast(scale), _keep = TV.Broadcast(keep);

        public float* Values { get; init; }

        public byte* Mask { get; init; }

        public float* Whitened { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV whitened = TV.Fma(TExtent.Load<TV>(Values, index, rest) - _mean, _scale, _keep);
            TV counted = TExtent.Mask<TV>(Mask, index, rest);
            TExtent.Store(Whitened, index, TV.Select(counted, whitened, TV.Broadcast(0f)), rest);
        }
    }
}
