using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda;

/// <summary>
/// Finds out how the views [<paramref name="rows"/>, <paramref name="cols"/>] of an element kernel can be walked: as one long row
/// where all are dense, by 16-byte accesses where all are aligned for them.
/// </summary>
internal struct ElementPlan(int rows, int cols)
{
    /// <summary>Elements of a block where nothing is summed: two packs a thread.</summary>
    public const int Chunk = 2048;

    /// <summary>Elements of a block with statistics: fewer partial results, at most 16 f32 additions a thread.</summary>
    public const int StatsChunk = 4096;

    private const int Pack = 4;

    private bool _dense = true, _aligned = true, _pitched = true;

    /// <summary>Whether each row begins at an aligned address in every view so far.</summary>
    public readonly bool RowsAreAligned => _aligned && (_pitched || rows <= 1);

    /// <summary>Takes a view into account; one that was left out changes nothing.</summary>
    public unsafe void Add<T>(ReadOnlyView<T> view)
        where T : unmanaged
    {
        if (!view.IsEmpty)
        {
            _dense &= view.IsContiguous;
            _aligned &= (nint)view.Pointer % (Pack * sizeof(T)) == 0;
            _pitched &= view.RowStride % Pack == 0;
        }
    }

    /// <inheritdoc cref="Add{T}(ReadOnlyView{T})"/>
    public void Add<T>(View<T> view)
        where T : unmanaged => Add((ReadOnlyView<T>)view);

    /// <summary>Results depend on the row: rows are not joined.</summary>
    public void KeepRows() => _dense = false;

    public readonly ElementGrid Grid(int chunk)
    {
        long count = (long)rows * cols;
        bool flat = _dense || rows == 1;
        bool packed = _aligned && (flat || (_pitched && cols % Pack == 0));
        return new ElementGrid { Count = count, Cols = flat ? count : cols, Chunk = chunk, Packed = packed ? 1 : 0 };
    }
}
