using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Cuda.Tests;

/// <summary>Kernels on the emulator and a small call of one of them: what most tests here need.</summary>
internal sealed class Session : IDisposable
{
    public const int Rows = 3, Cols = 37;
    private readonly List<IDisposable> _owned = [];

    public Session()
    {
        Device = Own(Emulator.Open());
        Stream = Own(new CudaStream(Device));
        Kernels = Own(new CudaKernels(Stream));
    }

    public CudaDevice Device { get; }

    public CudaStream Stream { get; }

    public CudaKernels Kernels { get; }

    public DeviceBuffer<T> Buffer<T>(params T[] content)
        where T : unmanaged
    {
        DeviceBuffer<T> buffer = Own(new DeviceBuffer<T>(Device, content.Length));
        buffer.CopyFrom(content, Stream);
        return buffer;
    }

    /// <summary>Arguments over device memory, with log-ratios of ±0.1.</summary>
    public PpoClipLossArgs PpoClipLoss(out DeviceBuffer<float> grad, out DeviceBuffer<float> stats, int rows = Rows)
    {
        int count = rows * Cols;
        var logprobs = Buffer(Enumerable.Range(0, count).Select(i => -1f + (0.1f * (i % 3)) - 0.1f).ToArray());
        var old = Buffer(Enumerable.Repeat(-1f, count).ToArray());
        var advantages = Buffer(Enumerable.Range(0, count).Select(i => (i % 5) - 2f).ToArray());
        grad = Buffer(new float[count]);
        stats = Buffer(new float[PpoClipStats.Length]);
        return new PpoClipLossArgs
        {
            Logprobs = logprobs.View(rows, Cols),
            OldLogprobs = old.View(rows, Cols),
            Advantages = advantages.View(rows, Cols),
            Normalizer = count,
            GradLogprobs = grad.View(rows, Cols),
            Stats = stats.View(PpoClipStats.Length),
        };
    }

    public T[] Read<T>(DeviceBuffer<T> buffer)
        where T : unmanaged
    {
        T[] content = new T[buffer.Length];
        buffer.CopyTo(content, Stream);
        return content;
    }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }
}
