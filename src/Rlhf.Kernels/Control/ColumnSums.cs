using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Control;

/// <summary>
/// Sums of the columns over a block's tiles: each element of the tile has a sum of its own, with what each f32 addition rounds off kept
/// beside it (as <see cref="CompensatedSum{TV}"/>); the end adds those of a column in f64.
/// </summary>
internal readonly unsafe struct ColumnSums
{
    private readonly float* _sums, _lost;
    private readonly int _tile;

    /// <param name="sums">Room for a tile, cleared here.</param>
    /// <param name="lost">Room for a tile, cleared here.</param>
    /// <param name="tile">Elements of a full tile.</param>
    public ColumnSums(float* sums, float* lost, int tile)
    {
        _sums = sums;
        _lost = lost;
        _tile = tile;
        new Span<float>(sums, tile).Clear();
        new Span<float>(lost, tile).Clear();
    }

    /// <summary>Adds a tile, which may end early.</summary>
    public void Add<TV>(float* values, int count)
        where TV : struct, ISimd<TV>
    {
        var step = new Step<TV> { Values = values, Sums = _sums, Lost = _lost };
        RowWalk.Run<TV, Step<TV>>(ref step, count);
    }

    /// <summary>Writes the columns' sums.</summary>
    public void Total(int cols, double* totals)
    {
        for (int col = 0; col < cols; col++)
        {
            double total = 0;
            for (int i = col; i < _tile; i += cols)
            {
                // What an infinite sum lost is NaN.
                total += _sums[i] + (float.IsFinite(_lost[i]) ? (double)_lost[i] : 0);
            }

            totals[col] = total;
        }
    }

    /// <summary>Adds what blocks wrote, in order, and rounds once.</summary>
    public static void Write(double* partials, int blocks, View<float> result)
    {
        for (int col = 0; col < result.Cols; col++)
        {
            double total = 0;
            for (int block = 0; block < blocks; block++)
            {
                total += partials[(block * result.Cols) + col];
            }

            result[0, col] = (float)total;
        }
    }

    private struct Step<TV> : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public float* Values, Sums, Lost;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV before = TExtent.Load<TV>(Sums, index, rest), value = TExtent.Load<TV>(Values, index, rest);
            TV sum = before + value;
            TV added = sum - before;
            TExtent.Store(Lost, index, TExtent.Load<TV>(Lost, index, rest) + ((before - (sum - added)) + (value - added)), rest);
            TExtent.Store(Sums, index, sum, rest);
        }
    }
}
