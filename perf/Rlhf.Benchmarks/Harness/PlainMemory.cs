using System.Numerics;
using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Benchmarks.Harness;

/// <summary>What the memory gives: a plain read, or a copy where the kernel also writes, of as many bytes as a kernel moves.</summary>
internal sealed unsafe class PlainMemory : IDisposable
{
    private readonly HostBuffer<byte> _source;
    private readonly HostBuffer<byte>? _target;
    private readonly int _threads;
    private float _sink;

    /// <summary>Buffers for a traffic of <paramref name="read"/> and <paramref name="written"/> bytes together.</summary>
    public PlainMemory(long read, long written, int threads)
    {
        // A copy of n bytes moves 2 n.
        long bytes = Math.Max(written == 0 ? read : (read + written) / 2, 64);
        _source = new HostBuffer<byte>(bytes);
        _target = written == 0 ? null : new HostBuffer<byte>(bytes);
        _threads = threads;
    }

    /// <summary>With one thread (which wins where the bytes fit the cache) and with all of them.</summary>
    public IEnumerable<Contestant> Contestants =>
    [
        Contestant.Of("plain, one thread", () => Part(0, 1)),
        Contestant.Of("plain, all threads", () => Parallel.For(0, _threads, i => Part(i, _threads))),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        _source.Dispose();
        _target?.Dispose();
    }

    private void Part(int index, int parts)
    {
        long begin = _source.Length * index / parts / 64 * 64, end = _source.Length * (index + 1) / parts / 64 * 64;
        if (_target is not null)
        {
            Buffer.MemoryCopy(_source.Pointer + begin, _target.Pointer + begin, end - begin, end - begin);
            return;
        }

        // The sum is kept, so that the reads are not optimised away.
        _sink = Sum((float*)(_source.Pointer + begin), (end - begin) / sizeof(float));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum(float* values, long count)
    {
        Vector<float> a = default, b = default, c = default, d = default;
        int width = Vector<float>.Count;
        for (long i = 0; i <= count - (4 * width); i += 4 * width)
        {
            a += Unsafe.ReadUnaligned<Vector<float>>(values + i);
            b += Unsafe.ReadUnaligned<Vector<float>>(values + i + width);
            c += Unsafe.ReadUnaligned<Vector<float>>(values + i + (2 * width));
            d += Unsafe.ReadUnaligned<Vector<float>>(values + i + (3 * width));
        }

        return Vector.Sum(a + b + c + d);
    }
}
