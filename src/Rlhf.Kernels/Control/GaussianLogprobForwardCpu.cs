using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Control;

/// <summary>The CPU body of <see cref="GaussianLogprobForwardArgs"/>.</summary>
internal static unsafe class GaussianLogprobForwardCpu
{
    public static void Run(SimdRunner runner, in GaussianLogprobForwardArgs args)
    {
        args.Validate();
        var body = new Body { Args = args, Tiles = new RowTiles(args.Means.Rows, args.Means.Cols) };
        runner.Run(ref body, body.Tiles.Blocks, body.Tiles.Grain);
    }

    private struct Body : IRangeBody
    {
        public GaussianLogprobForwardArgs Args;
        public RowTiles Tiles;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* room = stackalloc float[4 * RowTiles.Room];
            float* meanCopy = room, actionCopy = room + RowTiles.Room, inverseRoom = room + (2 * RowTiles.Room), logCopy = room + (3 * RowTiles.Room);
            int cols = Args.Means.Cols;
            var stds = GaussianStd.Create<TV>(Args.LogStds, Tiles.TileRows, inverseRoom, logCopy);
            for (int tile = begin * Tiles.BlockTiles; tile < Tiles.EndOf(end - 1); tile++)
            {
                int rows = Tiles.RowsOf(tile, out int first);
                float* means = RowTiles.Read(Args.Means, first, rows, meanCopy), actions = RowTiles.Read(Args.Actions, first, rows, actionCopy);
                float* inverse = stds.Load<TV>(first, rows, out float* logs);

                // The squares take the place of the copied actions.
                GaussianRows.Square<TV>(means, actions, inverse, actionCopy, rows * cols);
                GaussianRows.Write(stds, logs, actionCopy, first, rows, cols, Args.Logprobs, Args.Entropy);
            }
        }
    }
}
