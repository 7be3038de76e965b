using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>A mark in a stream: other streams and the host can wait for it, and two of them measure time.</summary>
public sealed unsafe class CudaEvent : SafeHandle
{
    private readonly CudaDevice _device;

    /// <summary>A new event.</summary>
    public CudaEvent(CudaDevice device)
        : base(0, ownsHandle: true)
    {
        _device = device;
        device.MakeCurrent();
        nint created;
        device.Api.Check(device.Api.EventCreate(&created, 0), "cuEventCreate");
        SetHandle(created);
    }

    /// <summary>The CUevent.</summary>
    public nint Handle => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Marks the present end of the stream.</summary>
    public void Record(CudaStream stream)
    {
        _device.MakeCurrent();
        _device.Api.Check(_device.Api.EventRecord(handle, stream.Handle), "cuEventRecord");
    }

    /// <summary>Waits until the stream has come here.</summary>
    public void Synchronize()
    {
        _device.MakeCurrent();
        _device.Api.Check(_device.Api.EventSynchronize(handle), "cuEventSynchronize");
    }

    /// <summary>Milliseconds of device time from an earlier event to this one; both have passed.</summary>
    public float MillisecondsSince(CudaEvent start)
    {
        _device.MakeCurrent();
        float milliseconds;
        _device.Api.Check(_device.Api.EventElapsedTime(&milliseconds, start.handle, handle), "cuEventElapsedTime");
        return milliseconds;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => !_device.TryMakeCurrent() || _device.Api.EventDestroy(handle) == 0;
}
