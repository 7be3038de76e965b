using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Staging;

/// <summary>
/// Device twins of host views for the length of one call: the same strides, the same alignment, and the same memory where two host
/// views begin at the same element (in-place calls). Only elements are copied, never what lies between rows.
/// </summary>
internal sealed unsafe class HostStaging(CudaStream stream) : IDisposable
{
    // What the widest access of a kernel must be aligned to; a misaligned host row stays one.
    private const int Alignment = 16;

    private readonly StagingPool _pool = new(stream);
    private readonly List<Twin> _twins = [];
    private readonly List<Rows> _results = [];

    /// <summary>What a kernel reads.</summary>
    public ReadOnlyView<T> In<T>(ReadOnlyView<T> host)
        where T : unmanaged
    {
        if (host.IsEmpty || host.Device == DeviceKind.Cuda)
        {
            return Absent(host);
        }

        ReadOnlyView<T> device = Map(host, out Rows rows);
        Upload(rows);
        return device;
    }

    /// <summary>What a kernel writes without reading it.</summary>
    public View<T> Out<T>(View<T> host)
        where T : unmanaged => Result(host, read: false);

    /// <summary>What a kernel reads and writes.</summary>
    public View<T> InOut<T>(View<T> host)
        where T : unmanaged => Result(host, read: true);

    /// <summary>Memory whose content nobody wants.</summary>
    public View<T> Scratch<T>(View<T> host)
        where T : unmanaged
    {
        ReadOnlyView<T> device = host.IsEmpty || host.Device == DeviceKind.Cuda ? Absent<T>(host) : Map<T>(host, out _);
        return Writable(device);
    }

    /// <summary>Enqueues the copies of all results to the host.</summary>
    public void CopyBack()
    {
        foreach (Rows rows in _results)
        {
            Download(rows);
        }
    }

    /// <summary>A call; its end gives the device memory back.</summary>
    public Call Begin() => new(this);

    public void Dispose() => _pool.Dispose();

    private static ReadOnlyView<T> Absent<T>(ReadOnlyView<T> view)
        where T : unmanaged => new(view.Pointer, view.Rows, view.Cols, view.RowStride, DeviceKind.Cuda);

    private static View<T> Writable<T>(ReadOnlyView<T> view)
        where T : unmanaged => new(view.Pointer, view.Rows, view.Cols, view.RowStride, DeviceKind.Cuda);

    private View<T> Result<T>(View<T> host, bool read)
        where T : unmanaged
    {
        if (host.IsEmpty || host.Device == DeviceKind.Cuda)
        {
            return Writable(Absent<T>(host));
        }

        ReadOnlyView<T> device = Map<T>(host, out Rows rows);
        if (read)
        {
            Upload(rows);
        }

        _results.Add(rows);
        return Writable(device);
    }

    private ReadOnlyView<T> Map<T>(ReadOnlyView<T> host, out Rows rows)
        where T : unmanaged
    {
        // From the lowest element to the highest, whatever the sign of the stride; 0 repeats one row.
        long stride = host.RowStride * sizeof(T), width = (long)host.Cols * sizeof(T);
        long reach = Math.Max(host.Rows - 1, 0) * stride;
        long span = host.Count == 0 ? 0 : Math.Abs(reach) + width;
        nint low = (nint)host.Pointer + (nint)Math.Min(reach, 0);
        nint device = Twinned(low, span) + ((nint)host.Pointer - low);
        rows = new Rows((nint)host.Pointer, device, stride == 0 || width == 0 ? Math.Min(host.Rows, 1) : host.Rows, width, stride);
        return new ReadOnlyView<T>((T*)device, host.Rows, host.Cols, host.RowStride, DeviceKind.Cuda);
    }

    private nint Twinned(nint host, long span)
    {
        foreach (Twin twin in _twins)
        {
            if (twin.Host == host && twin.Span >= span && span > 0)
            {
                return twin.Device;
            }
        }

        int phase = (int)(host & (Alignment - 1));
        nint device = (nint)_pool.Rent(phase + Math.Max(span, 1)).Pointer + phase;
        _twins.Add(new Twin(host, device, span));
        return device;
    }

    private void Release()
    {
        try
        {
            // Kernels may still run where a call failed half-way.
            stream.Synchronize();
        }
        finally
        {
            _pool.Release();
            _twins.Clear();
            _results.Clear();
        }
    }

    private void Upload(in Rows rows)
    {
        DriverApi api = stream.Device.Api;
        if (rows.Count == 0 || rows.Width == 0)
        {
            return;
        }

        stream.Device.MakeCurrent();
        if (rows.IsDense)
        {
            api.Check(api.CopyToDevice(rows.Device, (void*)rows.Host, (nuint)(rows.Count * rows.Width), stream.Handle), "cuMemcpyHtoDAsync");
        }
        else if (rows.HasPitch && api.CopyRows is not null)
        {
            DriverApi.RowCopy copy = new()
            {
                SourceType = DriverApi.RowCopy.Host, SourceHost = (void*)rows.Host, SourcePitch = (nuint)rows.Stride,
                TargetType = DriverApi.RowCopy.Device, TargetDevice = rows.Device, TargetPitch = (nuint)rows.Stride,
                Width = (nuint)rows.Width, Height = (nuint)rows.Count,
            };
            api.Check(api.CopyRows(&copy, stream.Handle), "cuMemcpy2DAsync");
        }
        else
        {
            for (long row = 0; row < rows.Count; row++)
            {
                nint at = (nint)(row * rows.Stride);
                api.Check(api.CopyToDevice(rows.Device + at, (void*)(rows.Host + at), (nuint)rows.Width, stream.Handle), "cuMemcpyHtoDAsync");
            }
        }
    }

    private void Download(in Rows rows)
    {
        DriverApi api = stream.Device.Api;
        if (rows.Count == 0 || rows.Width == 0)
        {
            return;
        }

        stream.Device.MakeCurrent();
        if (rows.IsDense)
        {
            api.Check(api.CopyToHost((void*)rows.Host, rows.Device, (nuint)(rows.Count * rows.Width), stream.Handle), "cuMemcpyDtoHAsync");
        }
        else if (rows.HasPitch && api.CopyRows is not null)
        {
            DriverApi.RowCopy copy = new()
            {
                SourceType = DriverApi.RowCopy.Device, SourceDevice = rows.Device, SourcePitch = (nuint)rows.Stride,
                TargetType = DriverApi.RowCopy.Host, TargetHost = (void*)rows.Host, TargetPitch = (nuint)rows.Stride,
                Width = (nuint)rows.Width, Height = (nuint)rows.Count,
            };
            api.Check(api.CopyRows(&copy, stream.Handle), "cuMemcpy2DAsync");
        }
        else
        {
            for (long row = 0; row < rows.Count; row++)
            {
                nint at = (nint)(row * rows.Stride);
                api.Check(api.CopyToHost((void*)(rows.Host + at), rows.Device + at, (nuint)rows.Width, stream.Handle), "cuMemcpyDtoHAsync");
            }
        }
    }

    /// <summary>The length of one call.</summary>
    public readonly ref struct Call(HostStaging staging)
    {
        public void Dispose() => staging.Release();
    }

    private readonly record struct Twin(nint Host, nint Device, long Span);

    /// <summary>Rows to copy, in bytes.</summary>
    private readonly record struct Rows(nint Host, nint Device, long Count, long Width, long Stride)
    {
        public bool IsDense => Stride == Width || Count <= 1;

        // Rows that overlap, run backwards or lie too far apart for the driver's pitched copy go one by one.
        public bool HasPitch => Stride > Width && Stride <= int.MaxValue;
    }
}
