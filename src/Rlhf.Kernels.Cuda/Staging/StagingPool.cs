using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Staging;

/// <summary>
/// Device memory for the length of a call, used again by later ones. On the emulator every piece is an allocation of its own and of
/// exactly its size, so that its checks of bounds and of unwritten memory mean something.
/// </summary>
internal sealed class StagingPool(CudaStream stream) : IDisposable
{
    private readonly List<DeviceBuffer<byte>> _free = [];
    private readonly List<DeviceBuffer<byte>> _used = [];

    public DeviceBuffer<byte> Rent(long bytes)
    {
        DeviceBuffer<byte> buffer = Find(bytes) ?? Create(bytes);
        _used.Add(buffer);
        return buffer;
    }

    /// <summary>Takes everything back; the stream has been waited for.</summary>
    public void Release()
    {
        if (stream.Device.Driver.IsEmulator)
        {
            _used.ForEach(buffer => buffer.Dispose());
        }
        else
        {
            _free.AddRange(_used);
        }

        _used.Clear();
    }

    public void Dispose()
    {
        _used.ForEach(buffer => buffer.Dispose());
        _free.ForEach(buffer => buffer.Dispose());
        _used.Clear();
        _free.Clear();
    }

    // The smallest that fits, unless it is so much larger that a later, larger piece would have to be allocated for its sake.
    private DeviceBuffer<byte>? Find(long bytes)
    {
        int best = -1;
        for (int i = 0; i < _free.Count; i++)
        {
            long length = _free[i].Length;
            if (length >= bytes && length <= 4 * Math.Max(bytes, 4096) && (best < 0 || length < _free[best].Length))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            return null;
        }

        DeviceBuffer<byte> found = _free[best];
        _free.RemoveAt(best);
        return found;
    }

    private DeviceBuffer<byte> Create(long bytes)
    {
        try
        {
            return new DeviceBuffer<byte>(stream.Device, bytes);
        }
        catch (CudaException e) when (e.Status == DriverApi.OutOfMemory && _free.Count > 0)
        {
            _free.ForEach(buffer => buffer.Dispose());
            _free.Clear();
            return new DeviceBuffer<byte>(stream.Device, bytes);
        }
    }
}
