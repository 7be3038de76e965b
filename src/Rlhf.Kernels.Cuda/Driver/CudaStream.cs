using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>A stream: its work runs in order, beside that of other streams.</summary>
public sealed unsafe class CudaStream : SafeHandle
{
    /// <summary>A new stream that does not wait for the default one.</summary>
    public CudaStream(CudaDevice device)
        : base(0, ownsHandle: true)
    {
        const uint NonBlocking = 1;
        Device = device;
        device.MakeCurrent();
        nint stream;
        device.Api.Check(device.Api.StreamCreate(&stream, NonBlocking), "cuStreamCreate");
        SetHandle(stream);
    }

    /// <summary>A stream (CUstream) that someone else owns, of the same device: libtorch's, for example. 0 is the default stream.</summary>
    public CudaStream(CudaDevice device, nint stream)
        : base(0, ownsHandle: false)
    {
        Device = device;
        SetHandle(stream);
    }

    /// <summary>The device that it runs on.</summary>
    public CudaDevice Device { get; }

    /// <summary>The CUstream.</summary>
    public nint Handle => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => false;

    /// <summary>Whether what is enqueued now goes to a graph.</summary>
    public bool IsCapturing
    {
        get
        {
            Device.MakeCurrent();
            int status;
            Device.Api.Check(Device.Api.StreamIsCapturing(handle, &status), "cuStreamIsCapturing");
            return status != 0;
        }
    }

    /// <summary>Waits until everything enqueued so far is done. An error of an earlier kernel shows here.</summary>
    public void Synchronize()
    {
        Device.MakeCurrent();
        Device.Api.Check(Device.Api.StreamSynchronize(handle), "cuStreamSynchronize");
    }

    /// <summary>What is enqueued from now on waits for the event.</summary>
    public void Wait(CudaEvent after)
    {
        Device.MakeCurrent();
        Device.Api.Check(Device.Api.StreamWaitEvent(handle, after.Handle, 0), "cuStreamWaitEvent");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => handle == 0 || !Device.TryMakeCurrent() || Device.Api.StreamDestroy(handle) == 0;
}
