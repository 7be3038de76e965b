using System.Runtime.InteropServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.TestSupport;

/// <summary>An array in pinned native memory with a view on it: <c>using var x = Pinned.Of(array, rows, cols)</c>.</summary>
public static class Pinned
{
    /// <summary>A dense [rows, cols] copy of <paramref name="values"/>.</summary>
    public static Pinned<T> Of<T>(T[] values, int rows, int cols = 1)
        where T : unmanaged => new(values, rows, cols, cols);

    /// <summary>A vector of all of <paramref name="values"/>.</summary>
    public static Pinned<T> Of<T>(T[] values)
        where T : unmanaged => new(values, values.Length, 1, 1);

    /// <summary>A [rows, cols] copy of dense values whose rows lie <paramref name="pitch"/> apart, with <paramref name="pad"/> between them.</summary>
    public static Pinned<T> Pitched<T>(T[] values, int rows, int cols, int pitch, T pad)
        where T : unmanaged
    {
        var padded = new T[rows * pitch];
        Array.Fill(padded, pad);
        for (int row = 0; row < rows; row++)
        {
            values.AsSpan(row * cols, cols).CopyTo(padded.AsSpan(row * pitch));
        }

        return new(padded, rows, cols, pitch);
    }

    /// <summary>A zeroed dense [rows, cols].</summary>
    public static Pinned<T> Zeros<T>(int rows, int cols = 1)
        where T : unmanaged => new(new T[rows * cols], rows, cols, cols);
}

/// <summary>See <see cref="Pinned"/>. The elements beyond each row's end, when the stride is larger, are kept as given.</summary>
public sealed unsafe class Pinned<T> : IDisposable
    where T : unmanaged
{
    private readonly HostBuffer<T> _buffer;

    /// <summary>A [rows, cols] view with a row stride over a copy of <paramref name="values"/>.</summary>
    public Pinned(T[] values, int rows, int cols, long rowStride)
    {
        _buffer = new HostBuffer<T>(values);
        View = new View<T>(_buffer.Pointer, rows, cols, rowStride);
    }

    /// <summary>The view.</summary>
    public View<T> View { get; }

    /// <summary>All elements of the memory behind the view.</summary>
    public Span<T> Span => _buffer.Span;

    /// <summary>A copy of all elements.</summary>
    public T[] ToArray() => _buffer.Span.ToArray();

    /// <summary>A copy of the elements of the view, row after row.</summary>
    public T[] Dense()
    {
        var dense = new T[View.Rows * View.Cols];
        for (int row = 0; row < View.Rows; row++)
        {
            new Span<T>(View.Row(row), View.Cols).CopyTo(dense.AsSpan(row * View.Cols));
        }

        return dense;
    }

    /// <summary>The raw bytes, to compare bit for bit.</summary>
    public byte[] Bytes() => MemoryMarshal.AsBytes(_buffer.Span).ToArray();

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    /// <summary>Arguments take views.</summary>
    public static implicit operator View<T>(Pinned<T> pinned) => pinned.View;

    /// <summary>Arguments take views.</summary>
    public static implicit operator ReadOnlyView<T>(Pinned<T> pinned) => pinned.View;
}
