using System.Diagnostics;

namespace Rlhf.Kernels.Memory;

/// <summary>A <see cref="View{T}"/> that a kernel only reads.</summary>
public readonly unsafe struct ReadOnlyView<T>
    where T : unmanaged
{
    /// <summary>A matrix over memory that stays in place for as long as the view is used.</summary>
    public ReadOnlyView(T* pointer, int rows, int cols, long rowStride, DeviceKind device = DeviceKind.Cpu)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(cols);
        Pointer = pointer;
        Rows = rows;
        Cols = cols;
        RowStride = rowStride;
        Device = device;
    }

    /// <summary>A dense matrix: the row stride is <paramref name="cols"/>.</summary>
    public ReadOnlyView(T* pointer, int rows, int cols)
        : this(pointer, rows, cols, cols)
    {
    }

    /// <summary>First element.</summary>
    public T* Pointer { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns; 1 for a vector.</summary>
    public int Cols { get; }

    /// <summary>Distance between rows, in elements; 0 repeats one row (a broadcast).</summary>
    public long RowStride { get; }

    /// <summary>Where the memory lives.</summary>
    public DeviceKind Device { get; }

    /// <summary>Whether the view was left out (a default view).</summary>
    public bool IsEmpty => Pointer == null;

    /// <summary>Number of elements.</summary>
    public long Count => (long)Rows * Cols;

    /// <summary>Whether all elements lie one after the other.</summary>
    public bool IsContiguous => RowStride == Cols || Rows <= 1;

    /// <summary>One element; the bounds are checked in debug builds only.</summary>
    public T this[int row, int col = 0]
    {
        get
        {
            Debug.Assert((uint)row < (uint)Rows && (uint)col < (uint)Cols, "View index out of range.");
            return Pointer[(row * RowStride) + col];
        }
    }

    /// <summary>Reading a writable view needs no cast.</summary>
    public static implicit operator ReadOnlyView<T>(View<T> view) =>
        new(view.Pointer, view.Rows, view.Cols, view.RowStride, view.Device);

    /// <summary>A vector <c>[length]</c> whose elements lie <paramref name="stride"/> apart (0 repeats one value).</summary>
    public static ReadOnlyView<T> Vector(T* pointer, int length, long stride = 1) => new(pointer, length, 1, stride);

    /// <summary>First element of a row.</summary>
    public T* Row(int row)
    {
        Debug.Assert((uint)row < (uint)Rows, "View row out of range.");
        return Pointer + (row * RowStride);
    }

    /// <summary>Rows <paramref name="start"/> … <paramref name="start"/> + <paramref name="count"/> − 1.</summary>
    public ReadOnlyView<T> SliceRows(int start, int count)
    {
        if (start < 0 || count < 0 || start > Rows - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"rows {start}..{start + count} of a view with {Rows} rows");
        }

        return new ReadOnlyView<T>(Pointer + (start * RowStride), count, Cols, RowStride, Device);
    }

    /// <summary>The shape as text, for messages.</summary>
    public override string ToString() => Cols == 1 ? $"[{Rows}]" : $"[{Rows}, {Cols}]";
}
