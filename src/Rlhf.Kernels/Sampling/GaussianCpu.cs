using System.Runtime.CompilerServices;
using Rlhf.Kernels.Control;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sampling;

/// <summary>The CPU body of <see cref="GaussianArgs"/>.</summary>
internal static unsafe class GaussianCpu
{
    public static void Run(SimdRunner runner, in GaussianArgs args)
    {
        args.Validate();
        var body = new Body { Args = args, Tiles = new RowTiles(args.Means.Rows, args.Means.Cols) };
        runner.Run(ref body, body.Tiles.Blocks, body.Tiles.Grain);
    }

    private struct Body : IRangeBody
    {
        public GaussianArgs Args;
        public RowTiles Tiles;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* room = stackalloc float[6 * RowTiles.Room];
            float* meanCopy = room, actionCopy = room + RowTiles.Room, inverseRoom = room + (2 * RowTiles.Room), logCopy = room + (3 * RowTiles.Room);
            float* radii = room + (4 * RowTiles.Room), turns = room + (5 * RowTiles.Room);
            int cols = Args.Means.Cols;
            var stds = GaussianStd.Create<TV>(Args.LogStds, Tiles.TileRows, inverseRoom, logCopy);
            for (int tile = begin * Tiles.BlockTiles; tile < Tiles.EndOf(end - 1); tile++)
            {
                int rows = Tiles.RowsOf(tile, out int first);
                for (int row = 0; row < rows; row++)
                {
                    NormalDraws.Uniforms(Args.Seed, Args.Sequences[first + row], Args.Steps[first + row], cols, radii + (row * cols), turns + (row * cols));
                }

                float* inverse = stds.Load<TV>(first, rows, out float* logs);
                var step = new Step<TV>
                {
                    Means = RowTiles.Read(Args.Means, first, rows, meanCopy),
                    Logs = logs,
                    Radii = radii,
                    Turns = turns,
                    Actions = RowTiles.Target(Args.Actions, first, rows, actionCopy),
                };
                RowWalk.Run<TV, Step<TV>>(ref step, rows * cols);

                // The squares take the place of the uniform numbers.
                GaussianRows.Square<TV>(step.Means, step.Actions, inverse, radii, rows * cols);
                RowTiles.Write(Args.Actions, first, rows, step.Actions, actionCopy);
                GaussianRows.Write(stds, logs, radii, first, rows, cols, Args.Logprobs, Args.Entropy);
            }
        }
    }

    private struct Step<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Means, Logs, Radii, Turns, Actions;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            // Beyond the end of a row the loads give 0, whose logarithm is not defined: one of no consequence.
            TV normal = NormalDraws.Normal(TExtent.Load<TV>(Radii, index, rest), TExtent.Load<TV>(Turns, index, rest));
            TV std = GaussianStd.Power(TExtent.Load<TV>(Logs, index, rest), 1f);
            TExtent.Store(Actions, index, TV.Fma(std, normal, TExtent.Load<TV>(Means, index, rest)), rest);
        }
    }
}
