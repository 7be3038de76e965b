using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>The CPU body of <see cref="PpoClipLossArgs"/>.</summary>
internal static unsafe class PpoClipLossCpu
{
    public static void Run(SimdRunner runner, in PpoClipLossArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(
            args.Logprobs.Rows,
            args.Logprobs.Cols,
            dense: args.RowWeights.IsEmpty && args.Logprobs.IsContiguous && args.OldLogprobs.IsContiguous
                && args.Advantages.IsContiguous && args.Mask.IsContiguous && args.GradLogprobs.IsContiguous);
        ElementSum<Kernel, PpoClipStats>.Run(runner, grid, new Kernel { Args = args }).Write(args.Stats);
    }

    private struct Kernel : IElementKernel<PpoClipStats>
    {
        public PpoClipLossArgs Args;

        public readonly PpoClipStats Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            float weight = (Args.RowWeights.IsEmpty ? 1f : Args.RowWeights[row]) / Args.Normalizer;
            var step = new Step<TV>
            {
                Logprobs = grid.Row(Args.Logprobs, row),
                OldLogprobs = grid.Row(Args.OldLogprobs, row),
                Advantages = grid.Row(Args.Advantages, row),
                Mask = grid.Row(Args.Mask, row),
                Grad = grid.Row<float>(Args.GradLogprobs, row),
                Weight = TV.Broadcast(weight),
                Clip = new PpoClipStep<TV>(Args.Options),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return step.Clip.Total(weight);
        }
    }

    private struct Step<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Logprobs, OldLogprobs, Advantages, Grad;
        public byte* Mask;
        public TV Weight;
        public PpoClipStep<TV> Clip;

        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV counted = TExtent.Mask<TV>(Mask, index, rest);
            TV grad = Clip.Next(
                TExtent.Load<TV>(Logprobs, index, rest),
                TExtent.Load<TV>(OldLogprobs, index, rest),
                TExtent.Load<TV>(Advantages, index, rest),
                counted);
            TExtent.Store(Grad, index, grad * Weight, rest);
        }
    }
}
