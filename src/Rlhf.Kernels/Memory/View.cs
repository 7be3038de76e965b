using System.Diagnostics;

namespace Rlhf.Kernels.Memory;

/// <summary>
/// A writable matrix <c>[Rows, Cols]</c> in memory that the caller owns: pointer, shape, row stride, device.
/// The inner stride is 1; rows may lie apart by any <see cref="RowStride"/> (in elements), zero included.
/// A vector <c>[N]</c> is <c>[N, 1]</c>, so a strided or broadcast vector needs no type of its own.
/// A default view is <see cref="IsEmpty">absent</see>: optional arguments are left out that way.
/// </summary>
/// <remarks>Offsets are 64-bit. A view never owns memory and never moves it: managed memory must be pinned.</remarks>
public readonly unsafe struct View<T>
    where T : unmanaged
{
    /// <summary>A matrix over memory that stays in place for as long as the view is used.</summary>
    public View(T* pointer, int rows, int cols, long rowStride, DeviceKind device = DeviceKind.Cpu)
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
    public View(T* pointer, int rows, int cols)
        : this(pointer, rows, cols, cols)
    {
    }

    /// <summary>First element.</summary>
    public T* Pointer { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns; 1 for a vector.</summary>
    public int Cols { get; }

    /// <summary>Distance between rows, in elements.</summary>
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
    public ref T this[int row, int col = 0]
    {
        get
        {
            Debug.Assert((uint)row < (uint)Rows && (uint)col < (uint)Cols, "View index out of range.");
            return ref Pointer[(row * RowStride) + col];
        }
    }

    /// <summary>A vector <c>[length]</c> whose elements lie <paramref name="stride"/> apart (0 repeats one value).</summary>
    public static View<T> Vector(T* pointer, int length, long stride = 1) => new(pointer, length, 1, stride);

    /// <summary>First element of a row.</summary>
    public T* Row(int row)
    {
        Debug.Assert((uint)row < (uint)Rows, "View row out of range.");
        return Pointer + (row * RowStride);
    }

    /// <summary>Rows <paramref name="start"/> … <paramref name="start"/> + <paramref name="count"/> − 1.</summary>
    public View<T> SliceRows(int start, int count)
    {
        if (start < 0 || count < 0 || start > Rows - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"rows {start}..{start + count} of a view with {Rows} rows");
        }

        return new View<T>(Pointer + (start * RowStride), count, Cols, RowStride, Device);
    }

    /// <summary>The shape as text, for messages.</summary>
    public override string ToString() => Cols == 1 ? $"[{Rows}]" : $"[{Rows}, {Cols}]";
}
