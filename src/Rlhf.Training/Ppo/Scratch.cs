using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Ppo;

/// <summary>Native memory that grows to the largest batch seen and is then reused.</summary>
internal sealed class Scratch : IDisposable
{
    private HostBuffer<float> _buffer = new(0);

    /// <summary>A [rows, cols] view of undefined content; earlier views of this scratch end here.</summary>
    public View<float> Get(int rows, int cols = 1)
    {
        Grow(ref _buffer, (long)rows * cols);
        return _buffer.View(rows, cols);
    }

    /// <summary>A buffer of at least this many elements: the same one, or a larger one in its place.</summary>
    public static void Grow<T>(ref HostBuffer<T> buffer, long count)
        where T : unmanaged
    {
        if (buffer.Length >= count)
            return;

        buffer.Dispose();
        buffer = new HostBuffer<T>(count + (count / 4));
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
