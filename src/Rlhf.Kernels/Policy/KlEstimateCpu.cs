using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>The CPU body of <see cref="KlEstimateArgs"/>.</summary>
internal static unsafe class KlEstimateCpu
{
    public static void Run(SimdRunner runner, in KlEstimateArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(
            args.Logprobs.Rows,
            args.Logprobs.Cols,
            dense: args.Logprobs.IsContiguous && args.RefLogprobs.IsContiguous && args.Mask.IsContiguous
                && args.Kl.IsContiguous && args.GradLogprobs.IsContiguous);
        ElementSum<Kernel, NoSums>.Run(runner, grid, new Kernel { Args = args });
    }

    private struct Kernel : IElementKernel<NoSums>
    {
        public KlEstimateArgs Args;

        public readonly NoSums Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            var step = new Step<TV>(Args.Estimator, Args.Clamp)
            {
                Logprobs = grid.Row(Args.Logprobs, row),
                RefLogprobs = grid.Row(Args.RefLogprobs, row),
                Mask = grid.Row(Args.Mask, row),
                Kl = grid.Row<float>(Args.Kl, row),
                Grad = grid.Row<float>(Args.GradLogprobs, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return default;
        }
    }

    private readonly struct Step<TV>(KlEstimator estimator, float clamp) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        private readonly TV _clamp = TV.Broadcast(clamp);

        public float* Logprobs { get; init; }

        public float* RefLogprobs { get; init; }

        public byte* Mask { get; init; }

        public float* Kl { get; init; }

        public float* Grad { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV zero = TV.Broadcast(0f);
            TV counted = TExtent.Mask<TV>(Mask, index, rest);
            TV d = TExtent.Load<TV>(Logprobs, index, rest) - TExtent.Load<TV>(RefLogprobs, index, rest);
            TV kl = KlStep.Next(estimator, TV.Select(counted, d, zero), out TV grad);
            TV beyond = TV.GreaterThan(TV.Abs(kl), _clamp);
            kl = TV.Select(beyond, TV.Select(TV.GreaterThan(kl, zero), _clamp, zero - _clamp), kl);
            TExtent.Store(Kl, index, kl, rest);
            TExtent.Store(Grad, index, TV.Select(counted, TV.Select(beyond, zero, grad), zero), rest);
        }
    }
}
