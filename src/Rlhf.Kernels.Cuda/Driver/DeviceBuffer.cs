using System.Globalization;
using System.Runtime.InteropServices;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>Memory of a device, owned by this object and aligned to 256 bytes: what the views of device kernels point into. Its content begins undefined.</summary>
public sealed unsafe class DeviceBuffer<T> : SafeHandle
    where T : unmanaged
{
    private readonly CudaDevice _device;

    /// <summary>Room for <paramref name="length"/> elements.</summary>
    /// <exception cref="CudaException">Out of memory; the message says how much was asked, and how much there is.</exception>
    public DeviceBuffer(CudaDevice device, long length)
        : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _device = device;
        Length = length;
        nuint bytes = checked((nuint)Math.Max(length, 1) * (nuint)sizeof(T));
        device.MakeCurrent();
        nint pointer;
        int status = device.Api.MemoryAllocate(&pointer, bytes);
        if (status == DriverApi.OutOfMemory)
        {
            var (free, total) = device.Memory;
            throw new CudaException(
                string.Create(CultureInfo.InvariantCulture, $"out of memory on CUDA device {device.Ordinal} ({device.Name}): {bytes} bytes asked, {free} free of {total}"),
                status);
        }

        device.Api.Check(status, "cuMemAlloc");
        SetHandle(pointer);
    }

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>First element, on the device.</summary>
    public T* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (T*)handle;
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The first <paramref name="rows"/> × <paramref name="cols"/> elements as a dense matrix; a vector without <paramref name="cols"/>.</summary>
    public View<T> View(int rows, int cols = 1)
    {
        if ((long)rows * cols > Length)
        {
            throw new ArgumentException($"a view [{rows}, {cols}] needs {(long)rows * cols} elements, the buffer has {Length}");
        }

        return new View<T>(Pointer, rows, cols, cols, DeviceKind.Cuda);
    }

    /// <summary>Enqueues a copy from the host into the first elements. Pageable host memory may be reused at once.</summary>
    public void CopyFrom(ReadOnlySpan<T> source, CudaStream stream)
    {
        CheckLength(source.Length);
        _device.MakeCurrent();

        // The span stays pinned until the driver has taken its own copy of it.
        fixed (T* from = source)
        {
            _device.Api.Check(_device.Api.CopyToDevice((nint)Pointer, from, (nuint)source.Length * (nuint)sizeof(T), stream.Handle), "cuMemcpyHtoDAsync");
        }
    }

    /// <summary>Copies the first elements to the host, after everything in the stream.</summary>
    public void CopyTo(Span<T> target, CudaStream stream)
    {
        CheckLength(target.Length);
        _device.MakeCurrent();
        fixed (T* to = target)
        {
            _device.Api.Check(_device.Api.CopyToHost(to, (nint)Pointer, (nuint)target.Length * (nuint)sizeof(T), stream.Handle), "cuMemcpyDtoHAsync");
            stream.Synchronize();
        }
    }

    /// <summary>Enqueues setting every byte.</summary>
    public void Fill(byte value, CudaStream stream)
    {
        _device.MakeCurrent();
        _device.Api.Check(_device.Api.Fill((nint)Pointer, value, (nuint)Length * (nuint)sizeof(T), stream.Handle), "cuMemsetD8Async");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => !_device.TryMakeCurrent() || _device.Api.MemoryFree(handle) == 0;

    private void CheckLength(int length)
    {
        if (length > Length)
        {
            throw new ArgumentException($"{length} elements do not fit a device buffer of {Length}");
        }
    }
}
