using System.Runtime.CompilerServices;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>
/// The data of a workload: seeded, the same in memory of a device (with a stream) as in the host's (without one), so that the
/// results of two backends can be laid side by side.
/// </summary>
/// <param name="stream">A stream of the device; null for the host's memory.</param>
/// <param name="roundThrough">Storage type that stored numbers are rounded to before they are kept in f32.</param>
internal sealed unsafe class Operands(CudaStream? stream, string? roundThrough = null) : IDisposable
{
    // Prime and longer than a row, so that no two rows are alike; repeated where the data is longer.
    private const int Period = 1_299_709;

    private readonly List<IDisposable> _owned = [];
    private readonly List<(string Name, Func<double[]> Read, string Dtype)> _outputs = [];

    /// <summary>Undefined on a device, zero on the host.</summary>
    public View<T> Empty<T>(int rows, int cols = 1)
        where T : unmanaged
    {
        if (stream is null)
        {
            HostBuffer<T> host = new((long)rows * cols);
            _owned.Add(host);
            return host.View(rows, cols);
        }

        DeviceBuffer<T> device = new(stream.Device, (long)rows * cols);
        _owned.Add(device);
        return device.View(rows, cols);
    }

    /// <summary>Memory that repeats a pattern.</summary>
    public View<T> Repeat<T>(int rows, int cols, ReadOnlySpan<T> pattern)
        where T : unmanaged
    {
        View<T> view = Empty<T>(rows, cols);
        for (long at = 0; at < view.Count; at += pattern.Length)
        {
            ReadOnlySpan<T> part = pattern[..(int)Math.Min(pattern.Length, view.Count - at)];
            if (stream is null)
            {
                part.CopyTo(new Span<T>(view.Pointer + at, part.Length));
                continue;
            }

            // Within the buffer that was just made; the driver has taken its copy when the call returns.
            fixed (T* from = part)
            {
                stream.Device.Api.Check(
                    stream.Device.Api.CopyToDevice((nint)(view.Pointer + at), from, (nuint)part.Length * (nuint)sizeof(T), stream.Handle),
                    "cuMemcpyHtoDAsync");
            }
        }

        return view;
    }

    /// <summary>Normal numbers around <paramref name="mean"/>.</summary>
    public View<float> Normal(int seed, int rows, int cols = 1, float scale = 1, float mean = 0) =>
        Repeat<float>(rows, cols, [.. Table(seed, (long)rows * cols).Select(value => mean + (scale * value))]);

    /// <summary>Normal numbers in the storage type.</summary>
    public View<T> Stored<T>(int seed, int rows, int cols, float scale)
        where T : unmanaged => Repeat<T>(rows, cols, [.. Table(seed, (long)rows * cols).Select(value => Narrow<T>(Rounded(scale * value)))]);

    /// <summary>Token ids below <paramref name="vocab"/>.</summary>
    public View<int> Tokens(int seed, int rows, int vocab) => Repeat<int>(rows, 1, TokenValues(seed, rows, vocab));

    /// <summary>Ones with a few zeros, the tail of every row among them.</summary>
    public View<byte> Mask(int seed, int rows, int cols = 1)
    {
        Random random = new(seed);
        byte[] mask = new byte[(long)rows * cols];
        for (int row = 0; row < rows; row++)
        {
            int valid = cols == 1 ? random.Next(8) == 0 ? 0 : 1 : cols - random.Next((cols / 4) + 1);
            mask.AsSpan(row * cols, valid).Fill(1);
        }

        return Repeat<byte>(rows, cols, mask);
    }

    /// <summary>
    /// Log-probs of an earlier policy near that of <see cref="Stored"/> logits with the given seed and scale and of
    /// <see cref="Tokens"/>: the logarithm of the sum over many normal logits is that of their number plus half their variance.
    /// </summary>
    public View<float> OldLogprobs(int logitSeed, float scale, int tokenSeed, int rows, int vocab)
    {
        float[] table = Table(logitSeed, (long)rows * vocab), noise = Table(tokenSeed + 1, rows), old = new float[rows];
        int[] tokens = TokenValues(tokenSeed, rows, vocab);
        for (int row = 0; row < rows; row++)
        {
            float logit = scale * table[(((long)row * vocab) + tokens[row]) % table.Length];
            old[row] = logit - MathF.Log(vocab) - (scale * scale / 2) + (0.1f * noise[row % noise.Length]);
        }

        return Repeat<float>(rows, 1, old);
    }

    /// <summary>Memory whose content after the call is a result.</summary>
    public View<T> Output<T>(string name, int rows, int cols = 1)
        where T : unmanaged => Result(name, Empty<T>(rows, cols));

    /// <summary>Names a view whose content after the call is a result.</summary>
    public View<T> Result<T>(string name, View<T> view)
        where T : unmanaged
    {
        _outputs.Add((name, () => Read(view), WorkloadKind.Dtype<T>()));
        return view;
    }

    /// <summary>The results by name, widened, with the type that they are stored in.</summary>
    public IEnumerable<(string Name, double[] Values, string Dtype)> Results() =>
        _outputs.Select(output => (output.Name, output.Read(), output.Dtype));

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private double[] Read<T>(View<T> view)
        where T : unmanaged
    {
        T[] values = new T[view.Count];
        if (stream is null)
        {
            new ReadOnlySpan<T>(view.Pointer, values.Length).CopyTo(values);
        }
        else
        {
            fixed (T* to = values)
            {
                stream.Device.Api.Check(
                    stream.Device.Api.CopyToHost(to, (nint)view.Pointer, (nuint)values.Length * (nuint)sizeof(T), stream.Handle), "cuMemcpyDtoHAsync");
                stream.Synchronize();
            }
        }

        return [.. values.Select(Widen)];
    }

    private static int[] TokenValues(int seed, int rows, int vocab)
    {
        Random random = new(seed);
        int[] tokens = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            tokens[row] = random.Next(vocab);
        }

        return tokens;
    }

    private static float[] Table(int seed, long count)
    {
        Random random = new(seed);
        float[] table = new float[Math.Min(count, Period)];
        for (int i = 0; i < table.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            table[i] = (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return table;
    }

    private float Rounded(float value) => roundThrough switch
    {
        "bf16" => (float)(BFloat16)value,
        "f16" => (float)(Half)value,
        _ => value,
    };

    private static T Narrow<T>(float value)
        where T : unmanaged =>
        typeof(T) == typeof(BFloat16) ? Unsafe.BitCast<BFloat16, T>((BFloat16)value)
        : typeof(T) == typeof(Half) ? Unsafe.BitCast<Half, T>((Half)value)
        : Unsafe.BitCast<float, T>(value);

    private static double Widen<T>(T value)
        where T : unmanaged => value switch
        {
            float f => f,
            BFloat16 b => (float)b,
            Half h => (double)h,
            int i => i,
            _ => throw new NotSupportedException($"results of type {typeof(T).Name}"),
        };
}
