using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Control;

/// <summary>
/// How a kernel walks [N, A] with few columns: in tiles, whole rows one after the other, so that short rows fill registers as long ones
/// do; and in blocks of tiles, which have sums of their own. Both follow from the shape alone, so that sums have the same bits for any
/// number of threads.
/// </summary>
internal readonly unsafe struct RowTiles
{
    /// <summary>Room that a tile needs.</summary>
    public const int Room = GaussianLogprobForwardArgs.MaxActions;

    /// <summary>Most partial sums of columns, over all blocks.</summary>
    public const int MaxPartials = 8192;

    private const int TileElements = 512, MaxBlocks = 64;

    private readonly int _rows, _cols;

    public RowTiles(int rows, int cols)
    {
        (_rows, _cols) = (rows, cols);
        int width = Math.Max(1, cols);
        TileRows = Math.Clamp(rows, 1, Math.Max(1, TileElements / width));
        int blocks = Math.Clamp(MaxPartials / width, 1, MaxBlocks);
        int tiles = (int)(((long)rows + TileRows - 1) / TileRows);
        BlockTiles = Math.Max(1, (int)(((long)tiles + blocks - 1) / blocks));
        Blocks = (int)(((long)tiles + BlockTiles - 1) / BlockTiles);
    }

    /// <summary>Rows of a tile.</summary>
    public int TileRows { get; }

    /// <summary>Tiles of a block.</summary>
    public int BlockTiles { get; }

    public int Blocks { get; }

    /// <summary>Blocks that one hand-out of the worker team should take: small calls stay on the calling thread.</summary>
    public int Grain => (int)Math.Max(1, 4096 / Math.Max(1, (long)BlockTiles * TileRows * _cols));

    /// <summary>Rows <paramref name="first"/> … of tile number <paramref name="tile"/>.</summary>
    public int RowsOf(int tile, out int first)
    {
        first = tile * TileRows;
        return Math.Min(TileRows, _rows - first);
    }

    /// <summary>The first tile behind a block.</summary>
    public int EndOf(int block) => (int)Math.Min((long)(block + 1) * BlockTiles, ((long)_rows + TileRows - 1) / TileRows);

    /// <summary>A tile's elements, dense: where they are, or copied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float* Read(ReadOnlyView<float> view, int first, int rows, float* copy)
    {
        if (view.IsEmpty || rows == 1 || view.RowStride == view.Cols)
        {
            return view.Pointer + (first * view.RowStride);
        }

        for (int row = 0; row < rows; row++)
        {
            float* from = view.Row(first + row), to = copy + (row * view.Cols);
            for (int col = 0; col < view.Cols; col++)
            {
                to[col] = from[col];
            }
        }

        return copy;
    }

    /// <summary>Where a tile's results are to be written: to the view itself, or to <paramref name="copy"/> for <see cref="Write"/>; null for a view that was left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float* Target(View<float> view, int first, int rows, float* copy) =>
        view.IsEmpty ? null : rows == 1 || view.RowStride == view.Cols ? view.Pointer + (first * view.RowStride) : copy;

    /// <summary>Spreads a tile that <see cref="Target"/> kept apart over the rows of its view.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(View<float> view, int first, int rows, float* tile, float* copy)
    {
        for (int row = 0; tile == copy && row < rows; row++)
        {
            float* to = view.Row(first + row), from = copy + (row * view.Cols);
            for (int col = 0; col < view.Cols; col++)
            {
                to[col] = from[col];
            }
        }
    }

    /// <summary>Fills a tile with one row, again and again.</summary>
    public static void Repeat(float* row, int rows, int cols, float* tile)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int col = 0; col < cols; col++)
            {
                *tile++ = row[col];
            }
        }
    }

    /// <summary>Fills each row of a tile with its number of a vector; with <paramref name="otherwise"/> where the vector was left out.</summary>
    public static void Spread(ReadOnlyView<float> vector, int first, int rows, int cols, float* tile, float otherwise = 0f)
    {
        for (int row = 0; row < rows; row++)
        {
            float value = vector.IsEmpty ? otherwise : vector[first + row];
            for (int col = 0; col < cols; col++)
            {
                *tile++ = value;
            }
        }
    }
}
