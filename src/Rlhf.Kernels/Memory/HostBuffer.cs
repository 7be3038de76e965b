using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Memory;

/// <summary>
/// Native host memory, aligned to 64 bytes and zeroed, owned by this object: what views point into.
/// It allocates when it is created and never afterwards; disposing (or finalizing) frees it.
/// </summary>
public sealed unsafe class HostBuffer<T> : SafeHandle
    where T : unmanaged
{
    private const nuint Alignment = 64;

    /// <summary>Room for <paramref name="length"/> elements, all zero.</summary>
    public HostBuffer(long length)
        : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        nuint bytes = checked((nuint)length * (nuint)sizeof(T));
        SetHandle((nint)NativeMemory.AlignedAlloc(Math.Max(bytes, 1), Alignment));
        NativeMemory.Clear((void*)handle, bytes);
        Length = length;
    }

    /// <summary>A copy of <paramref name="source"/>.</summary>
    public HostBuffer(ReadOnlySpan<T> source)
        : this(source.Length) => source.CopyTo(Span);

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>First element.</summary>
    public T* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (T*)handle;
        }
    }

    /// <summary>All elements, when they fit a span.</summary>
    public Span<T> Span => new(Pointer, checked((int)Length));

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The first <paramref name="rows"/> × <paramref name="cols"/> elements as a dense matrix; a vector without <paramref name="cols"/>.</summary>
    public View<T> View(int rows, int cols = 1)
    {
        if ((long)rows * cols > Length)
        {
            throw new ArgumentException($"a view [{rows}, {cols}] needs {(long)rows * cols} elements, the buffer has {Length}");
        }

        return new View<T>(Pointer, rows, cols);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
