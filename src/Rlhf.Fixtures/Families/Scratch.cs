using Rlhf.Kernels.Memory;

namespace Rlhf.Fixtures.Families;

/// <summary>Native memory for the views that kernels take, freed together.</summary>
public sealed class Scratch : IDisposable
{
    private readonly List<IDisposable> _buffers = [];

    /// <summary>A dense [rows, cols] copy.</summary>
    public View<T> Copy<T>(ReadOnlySpan<T> values, int rows, int cols = 1)
        where T : unmanaged
    {
        var buffer = new HostBuffer<T>(values);
        _buffers.Add(buffer);
        return buffer.View(rows, cols);
    }

    /// <summary>A dense [rows, cols] of zeros.</summary>
    public View<T> Zeros<T>(int rows, int cols = 1)
        where T : unmanaged
    {
        var buffer = new HostBuffer<T>((long)rows * cols);
        _buffers.Add(buffer);
        return buffer.View(rows, cols);
    }

    /// <summary>The elements of a dense view.</summary>
    public static unsafe Span<T> Span<T>(View<T> view)
        where T : unmanaged => new(view.Pointer, checked((int)view.Count));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable buffer in _buffers)
            buffer.Dispose();
        _buffers.Clear();
    }
}
