using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Control;

/// <summary>The CPU body of <see cref="GaussianLogprobBackwardArgs"/>.</summary>
internal static unsafe class GaussianLogprobBackwardCpu
{
    [SkipLocalsInit]
    public static void Run(SimdRunner runner, in GaussianLogprobBackwardArgs args)
    {
        args.Validate();

        // A row of partial sums a block; every one is written by the block that owns it.
        double* partials = stackalloc double[RowTiles.MaxPartials];
        var body = new Body { Args = args, Tiles = new RowTiles(args.Means.Rows, args.Means.Cols), Partials = partials };
        runner.Run(ref body, body.Tiles.Blocks, body.Tiles.Grain);
        if (args.LogStds.Rows == 1 && !args.GradLogStds.IsEmpty)
        {
            ColumnSums.Write(partials, body.Tiles.Blocks, args.GradLogStds);
        }
    }

    private struct Body : IRangeBody
    {
        public GaussianLogprobBackwardArgs Args;
        public RowTiles Tiles;
        public double* Partials;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* room = stackalloc float[10 * RowTiles.Room];
            float* meanCopy = room, actionCopy = meanCopy + RowTiles.Room, inverseRoom = actionCopy + RowTiles.Room, logCopy = inverseRoom + RowTiles.Room;
            float* gradLogprobs = logCopy + RowTiles.Room, gradEntropy = gradLogprobs + RowTiles.Room;
            float* gradMeanCopy = gradEntropy + RowTiles.Room, gradLogCopy = gradMeanCopy + RowTiles.Room;
            float* sumRoom = gradLogCopy + RowTiles.Room, lostRoom = sumRoom + RowTiles.Room;
            int cols = Args.Means.Cols;
            var stds = GaussianStd.Create<TV>(Args.LogStds, Tiles.TileRows, inverseRoom, logCopy);
            bool summed = stds.IsShared && !Args.GradLogStds.IsEmpty;
            for (int block = begin; block < end; block++)
            {
                var sums = new ColumnSums(sumRoom, lostRoom, Tiles.TileRows * cols);
                for (int tile = block * Tiles.BlockTiles; tile < Tiles.EndOf(block); tile++)
                {
                    int rows = Tiles.RowsOf(tile, out int first);
                    RowTiles.Spread(Args.GradLogprobs, first, rows, cols, gradLogprobs);
                    RowTiles.Spread(Args.GradEntropy, first, rows, cols, gradEntropy);
                    var step = new Step<TV>
                    {
                        Means = RowTiles.Read(Args.Means, first, rows, meanCopy),
                        Actions = RowTiles.Read(Args.Actions, first, rows, actionCopy),
                        Inverse = stds.Load<TV>(first, rows, out _),
                        GradLogprobs = gradLogprobs,
                        GradEntropy = gradEntropy,
                        GradMeans = RowTiles.Target(Args.GradMeans, first, rows, gradMeanCopy),
                        GradLogStds = summed ? gradLogCopy : RowTiles.Target(Args.GradLogStds, first, rows, gradLogCopy),
                    };
                    RowWalk.Run<TV, Step<TV>>(ref step, rows * cols);
                    RowTiles.Write(Args.GradMeans, first, rows, step.GradMeans, gradMeanCopy);
                    if (summed)
                    {
                        sums.Add<TV>(gradLogCopy, rows * cols);
                    }
                    else
                    {
                        RowTiles.Write(Args.GradLogStds, first, rows, step.GradLogStds, gradLogCopy);
                    }
                }

                if (summed)
                {
                    sums.Total(cols, Partials + (block * cols));
                }
            }
        }
    }

    private struct Step<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Means, Actions, Inverse, GradLogprobs, GradEntropy, GradMeans, GradLogStds;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV inverse = TExtent.Load<TV>(Inverse, index, rest);
            TV z = (TExtent.Load<TV>(Actions, index, rest) - TExtent.Load<TV>(Means, index, rest)) * inverse;
            TV grad = TExtent.Load<TV>(GradLogprobs, index, rest), gradEntropy = TExtent.Load<TV>(GradEntropy, index, rest);
            TV zero = TV.Broadcast(0f), left = TV.IsEqual(grad, zero), scaled = grad * z;

            // (g z) z − g, not g (z² − 1): the square alone would overflow sooner.
            TExtent.Store(GradMeans, index, TV.Select(left, zero, scaled * inverse), rest);
            TExtent.Store(GradLogStds, index, TV.Select(left, gradEntropy, TV.Fma(scaled, z, gradEntropy - grad)), rest);
        }
    }
}
