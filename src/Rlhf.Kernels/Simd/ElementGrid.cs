using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Simd;

/// <summary>
/// How an elementwise kernel walks its [Rows, Cols] views: rows are grouped into at most <see cref="MaxBlocks"/> blocks, a function of the
/// shape alone. A block sums its own statistics and the blocks are added in order, so sums have the same bits for any
/// number of threads. Dense views are walked as long flat rows whatever their shape.
/// </summary>
internal readonly struct ElementGrid
{
    public const int MaxBlocks = 64;
    private const int FlatRow = 2048;

    private ElementGrid(int rows, int cols, int lastCols, bool flat)
    {
        Rows = rows;
        Cols = cols;
        LastCols = lastCols;
        IsFlat = flat;
        RowsPerBlock = Math.Max(1, (rows + MaxBlocks - 1) / MaxBlocks);
        Blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
    }

    public int Rows { get; }

    public int Cols { get; }

    public int LastCols { get; }

    public bool IsFlat { get; }

    public int RowsPerBlock { get; }

    public int Blocks { get; }

    /// <summary>Blocks that one hand-out of the worker team should take: small calls stay on the calling thread.</summary>
    public int Grain => Math.Max(1, 4096 / Math.Max(1, RowsPerBlock * Cols));

    /// <param name="rows">Rows of the views.</param>
    /// <param name="cols">Columns of the views.</param>
    /// <param name="dense">Every view is contiguous and nothing is per row.</param>
    public static ElementGrid Create(int rows, int cols, bool dense)
    {
        long count = (long)rows * cols;
        if (count == 0)
        {
            return new ElementGrid(0, cols, cols, flat: false);
        }

        if (!dense || count > (long)int.MaxValue * FlatRow)
        {
            return new ElementGrid(rows, cols, cols, flat: false);
        }

        int flatRows = (int)((count + FlatRow - 1) / FlatRow);
        return new ElementGrid(flatRows, FlatRow, (int)(count - ((long)(flatRows - 1) * FlatRow)), flat: true);
    }

    /// <summary>Elements of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Length(int row) => row == Rows - 1 ? LastCols : Cols;

    /// <summary>First element of a row of one view; null for a view that was left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe T* Row<T>(ReadOnlyView<T> view, int row)
        where T : unmanaged =>
        view.IsEmpty ? null : view.Pointer + (row * (IsFlat ? FlatRow : view.RowStride));
}
