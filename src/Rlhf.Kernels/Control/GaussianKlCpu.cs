using System.Runtime.CompilerServices;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Control;

/// <summary>The CPU body of <see cref="GaussianKlArgs"/>.</summary>
internal static unsafe class GaussianKlCpu
{
    [SkipLocalsInit]
    public static void Run(SimdRunner runner, in GaussianKlArgs args)
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
        public GaussianKlArgs Args;
        public RowTiles Tiles;
        public double* Partials;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* room = stackalloc float[11 * RowTiles.Room];
            float* meanCopy = room, oldMeanCopy = meanCopy + RowTiles.Room, inverseRoom = oldMeanCopy + RowTiles.Room;
            float* logCopy = inverseRoom + RowTiles.Room, oldLogCopy = logCopy + RowTiles.Room, gradKl = oldLogCopy + RowTiles.Room;
            float* terms = gradKl + RowTiles.Room, gradMeanCopy = terms + RowTiles.Room, gradLogCopy = gradMeanCopy + RowTiles.Room;
            float* sumRoom = gradLogCopy + RowTiles.Room, lostRoom = sumRoom + RowTiles.Room;
            int cols = Args.Means.Cols;
            var stds = GaussianStd.Create<TV>(Args.LogStds, Tiles.TileRows, inverseRoom, logCopy);
            bool summed = stds.IsShared && !Args.GradLogStds.IsEmpty, oldIsShared = Args.OldLogStds.Rows == 1;
            if (oldIsShared)
            {
                RowTiles.Repeat(Args.OldLogStds.Pointer, Tiles.TileRows, cols, oldLogCopy);
            }

            for (int block = begin; block < end; block++)
            {
                var sums = new ColumnSums(sumRoom, lostRoom, Tiles.TileRows * cols);
                for (int tile = block * Tiles.BlockTiles; tile < Tiles.EndOf(block); tile++)
                {
                    int rows = Tiles.RowsOf(tile, out int first);
                    RowTiles.Spread(Args.GradKl, first, rows, cols, gradKl, otherwise: 1f);
                    var step = new Step<TV>
                    {
                        Means = RowTiles.Read(Args.Means, first, rows, meanCopy),
                        OldMeans = RowTiles.Read(Args.OldMeans, first, rows, oldMeanCopy),
                        Inverse = stds.Load<TV>(first, rows, out float* logs),
                        Logs = logs,
                        OldLogs = oldIsShared ? oldLogCopy : RowTiles.Read(Args.OldLogStds, first, rows, oldLogCopy),
                        GradKl = gradKl,
                        Terms = terms,
                        GradMeans = RowTiles.Target(Args.GradMeans, first, rows, gradMeanCopy),
                        GradLogStds = summed ? gradLogCopy : RowTiles.Target(Args.GradLogStds, first, rows, gradLogCopy),
                    };
                    RowWalk.Run<TV, Step<TV>>(ref step, rows * cols);
                    Sum(terms, first, rows, cols);
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

        private readonly void Sum(float* terms, int first, int rows, int cols)
        {
            for (int row = 0; row < rows; row++)
            {
                double sum = 0;
                for (int col = 0; col < cols; col++)
                {
                    sum += *terms++;
                }

                Args.Kl[first + row] = (float)(0.5 * sum);
            }
        }
    }

    private struct Step<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Means, OldMeans, Inverse, Logs, OldLogs, GradKl, Terms, GradMeans, GradLogStds;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV inverse = TExtent.Load<TV>(Inverse, index, rest);
            TV z = (TExtent.Load<TV>(Means, index, rest) - TExtent.Load<TV>(OldMeans, index, rest)) * inverse;
            TV difference = TExtent.Load<TV>(OldLogs, index, rest) - TExtent.Load<TV>(Logs, index, rest);

            // e^x − 1 − x at x = 2 (log σ' − log σ), and −(e^x − 1).
            TV spread = KlStep.K3(difference + difference, out TV slope);
            TExtent.Store(Terms, index, TV.Fma(z, z, spread), rest);

            TV grad = TExtent.Load<TV>(GradKl, index, rest), zero = TV.Broadcast(0f), left = TV.IsEqual(grad, zero), scaled = grad * z;
            TExtent.Store(GradMeans, index, TV.Select(left, zero, scaled * inverse), rest);
            TExtent.Store(GradLogStds, index, TV.Select(left, zero, (grad * slope) - (scaled * z)), rest);
        }
    }
}
