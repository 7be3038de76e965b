using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>
/// Work that was captured once and is launched again as a whole, with one driver call. It keeps the addresses and numbers of the
/// capture: the buffers must live as long as the graph.
/// </summary>
public sealed unsafe class CudaGraph : SafeHandle
{
    private readonly CudaDevice _device;

    private CudaGraph(CudaDevice device, nint executable)
        : base(0, ownsHandle: true)
    {
        _device = device;
        SetHandle(executable);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Captures what <paramref name="work"/> enqueues on the stream. Kernels must have run once before, so that they and their scratch are loaded.</summary>
    public static CudaGraph Capture(CudaStream stream, Action work)
    {
        const int ThreadLocal = 1;
        CudaDevice device = stream.Device;
        DriverApi api = device.Api;
        device.MakeCurrent();
        api.Check(api.StreamBeginCapture(stream.Handle, ThreadLocal), "cuStreamBeginCapture");
        nint graph = 0;
        try
        {
            work();
        }
        catch
        {
            // The stream must leave the capture, or nothing else can run on it.
            if (api.StreamEndCapture(stream.Handle, &graph) == 0 && graph != 0)
            {
                _ = api.GraphDestroy(graph);
            }

            throw;
        }

        int ended = api.StreamEndCapture(stream.Handle, &graph);
        api.Check(ended, "cuStreamEndCapture");
        nint executable;
        int status = api.GraphInstantiate(&executable, graph, 0);
        _ = api.GraphDestroy(graph);
        api.Check(status, "cuGraphInstantiateWithFlags");
        return new CudaGraph(device, executable);
    }

    /// <summary>Enqueues all of it.</summary>
    public void Launch(CudaStream stream)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        _device.EnsureCurrent();
        _device.Api.Check(_device.Api.GraphLaunch(handle, stream.Handle), "cuGraphLaunch");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => !_device.TryMakeCurrent() || _device.Api.GraphExecDestroy(handle) == 0;
}
