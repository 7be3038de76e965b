using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda;

/// <summary>
/// Device memory that grows. Smaller predecessors stay alive with it, since graphs, plans and work still in the stream hold their
/// addresses; each growth at least doubles, so that all of them together are no larger than the last.
/// </summary>
internal sealed unsafe class DeviceScratch(CudaStream stream, string name) : IDisposable
{
    private const long Smallest = 64 * 1024;
    private readonly List<DeviceBuffer<byte>> _buffers = [];
    private long _bytes;
    private nint _address;

    public nint Get(long bytes)
    {
        if (bytes > _bytes)
        {
            Grow(bytes);
        }

        return _address;
    }

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private void Grow(long bytes)
    {
        if (stream.IsCapturing)
        {
            throw new InvalidOperationException(
                $"the {name} memory would grow from {_bytes} to {bytes} bytes while the stream captures: run a call of this shape once before");
        }

        long size = Math.Max(Math.Max(bytes, 2 * _bytes), Smallest);
        DeviceBuffer<byte> buffer = new(stream.Device, size);
        _buffers.Add(buffer);
        (_bytes, _address) = (size, (nint)buffer.Pointer);
    }
}
