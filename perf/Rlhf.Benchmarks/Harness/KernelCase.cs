using Rlhf.Kernels;
using Rlhf.Kernels.Memory;

namespace Rlhf.Benchmarks.Harness;

/// <summary>A kernel at one shape with its data: what is validated and then timed.</summary>
internal abstract class KernelCase : IDisposable
{
    // Longer than any cache and prime, so that no two rows are alike.
    private const int Period = 1_299_709;

    private readonly List<IDisposable> _owned = [];

    /// <summary>Row name in the report.</summary>
    public abstract string Name { get; }

    /// <summary>Sizes, as the kernel's contract orders them; the peer gets the same numbers.</summary>
    public abstract int[] Shape { get; }

    /// <summary>Bytes that any implementation must read.</summary>
    public abstract long BytesRead { get; }

    /// <summary>Bytes that any implementation must write.</summary>
    public abstract long BytesWritten { get; }

    /// <summary>The peer in words.</summary>
    public abstract string Peer { get; }

    /// <summary>The kernel once, on this case's data.</summary>
    public abstract void Run(IKernels kernels);

    /// <summary>Runs once and compares a few rows with the double reference; throws <see cref="InvalidDataException"/>.</summary>
    public abstract void Validate(IKernels kernels);

    /// <summary>Other things to time in the same rounds, by name.</summary>
    public virtual IEnumerable<Contestant> Companions(int threads) => [];

    /// <inheritdoc/>
    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        GC.SuppressFinalize(this);
    }

    /// <summary>A few rows to look at: first, middle, last.</summary>
    protected static int[] Sample(int rows) => [.. new[] { 0, rows / 2, rows - 1 }.Distinct()];

    /// <summary>Throws unless the two agree.</summary>
    protected void Close(string what, double actual, double expected, double tolerance)
    {
        if (!(Math.Abs(actual - expected) <= tolerance * (1 + Math.Abs(expected))))
        {
            throw new InvalidDataException($"{Name}: {what} is {actual:R}, the reference says {expected:R}");
        }
    }

    /// <summary>Memory that lives as long as the case.</summary>
    protected HostBuffer<T> Zeros<T>(long count)
        where T : unmanaged => Own(new HostBuffer<T>(count));

    /// <summary>Seeded normal numbers.</summary>
    protected HostBuffer<float> Normal(int seed, long count, double scale = 1)
    {
        HostBuffer<float> buffer = Zeros<float>(count);
        var random = new Random(seed);
        var table = new float[Math.Min(count, Period)];
        for (int i = 0; i < table.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            table[i] = (float)(scale * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        for (long start = 0; start < count; start += Period)
        {
            table.AsSpan(0, (int)Math.Min(Period, count - start)).CopyTo(Span(buffer, start, Math.Min(Period, count - start)));
        }

        return buffer;
    }

    /// <summary>Seeded token ids below <paramref name="vocab"/>.</summary>
    protected HostBuffer<int> Tokens(int seed, int count, int vocab)
    {
        var random = new Random(seed);
        HostBuffer<int> buffer = Zeros<int>(count);
        foreach (ref int token in buffer.Span)
        {
            token = random.Next(vocab);
        }

        return buffer;
    }

    /// <summary>Part of a buffer, widened.</summary>
    protected static double[] Doubles(HostBuffer<float> buffer, long start, long count)
    {
        ReadOnlySpan<float> source = Span(buffer, start, count);
        var result = new double[source.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = source[i];
        }

        return result;
    }

    private static unsafe Span<float> Span(HostBuffer<float> buffer, long start, long count) =>
        new(buffer.Pointer + start, checked((int)count));

    private TBuffer Own<TBuffer>(TBuffer buffer)
        where TBuffer : IDisposable
    {
        _owned.Add(buffer);
        return buffer;
    }
}
