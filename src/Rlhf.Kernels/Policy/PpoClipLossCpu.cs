using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>The CPU body of <see cref="PpoClipLossArgs"/>.</summary>
internal static unsafe class PpoClipLossCpu
{
    [SkipLocalsInit]
    public static void Run(SimdRunner runner, in PpoClipLossArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(
            args.Logprobs.Rows,
            args.Logprobs.Cols,
            dense: args.RowWeights.IsEmpty && args.Logprobs.IsContiguous && args.OldLogprobs.IsContiguous
                && args.Advantages.IsContiguous && args.Mask.IsContiguous && args.GradLogprobs.IsContiguous);

        // One slot a block; every slot is written by the block that owns it.
        PpoClipStats* partials = stackalloc PpoClipStats[ElementGrid.MaxBlocks];
        var body = new Body { Args = args, Grid = grid, Partials = partials };
        runner.Run(ref body, grid.Blocks, grid.Grain);

        PpoClipStats total = default;
        for (int block = 0; block < grid.Blocks; block++)
        {
            total += partials[block];
        }

        total.Write(args.Stats);
    }

    private struct Body : IRangeBody
    {
        public PpoClipLossArgs Args;
        public ElementGrid Grid;
        public PpoClipStats* Partials;

        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            for (int block = begin; block < end; block++)
            {
                PpoClipStats sum = default;
                int first = block * Grid.RowsPerBlock, last = Math.Min(first + Grid.RowsPerBlock, Grid.Rows);
                for (int row = first; row < last; row++)
                {
                    sum += Row<TV>(row);
                }

                Partials[block] = sum;
            }
        }

        private readonly PpoClipStats Row<TV>(int row)
            where TV : struct, ISimd<TV>
        {
            float* logprobs = Grid.Row(Args.Logprobs, row), oldLogprobs = Grid.Row(Args.OldLogprobs, row);
            float* advantages = Grid.Row(Args.Advantages, row), grad = Grid.Row<float>(Args.GradLogprobs, row);
            byte* mask = Grid.Row(Args.Mask, row);
            float weight = (Args.RowWeights.IsEmpty ? 1f : Args.RowWeights[row]) / Args.Normalizer;
            var step = new PpoClipStep<TV>(Args.Options);
            int n = Grid.Length(row), i = 0;
            for (; i <= n - TV.Width; i += TV.Width)
            {
                TV counted = SimdTail.FullMask<TV>(mask == null ? null : mask + i);
                TV g = step.Next(TV.Load(logprobs + i), TV.Load(oldLogprobs + i), TV.Load(advantages + i), counted);
                if (grad != null)
                {
                    TV.Store(grad + i, g * TV.Broadcast(weight));
                }
            }

            if (i < n)
            {
                int rest = n - i;
                TV counted = SimdTail.Mask<TV>(mask == null ? null : mask + i, rest);
                TV g = step.Next(
                    SimdTail.Load<TV>(logprobs + i, rest, 0f),
                    SimdTail.Load<TV>(oldLogprobs + i, rest, 0f),
                    SimdTail.Load<TV>(advantages + i, rest, 0f),
                    counted);
                if (grad != null)
                {
                    SimdTail.Store(grad + i, g * TV.Broadcast(weight), rest);
                }
            }

            return step.Total(weight);
        }
    }
}
