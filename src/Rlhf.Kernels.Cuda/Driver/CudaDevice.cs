using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>
/// One device and its primary context, which is the one that libtorch and the CUDA runtime use: pointers and streams pass freely
/// between them and this library.
/// </summary>
public sealed unsafe class CudaDevice : IDisposable
{
    // The context that this library last made current on the thread: one comparison instead of one driver call a launch.
    [ThreadStatic]
    private static nint _current;

    private readonly int _handle;
    private int _disposed;

    private CudaDevice(CudaDriver driver, int ordinal)
    {
        Driver = driver;
        Ordinal = ordinal;
        int handle;
        Api.Check(Api.DeviceGet(&handle, ordinal), "cuDeviceGet");
        _handle = handle;
        byte* name = stackalloc byte[256];
        Api.Check(Api.DeviceGetName(name, 256, handle), "cuDeviceGetName");
        Name = Marshal.PtrToStringUTF8((nint)name) ?? "";
        Architecture = (Attribute(DeviceAttribute.ComputeMajor) * 10) + Attribute(DeviceAttribute.ComputeMinor);
        Multiprocessors = Attribute(DeviceAttribute.Multiprocessors);
        L2Bytes = Attribute(DeviceAttribute.L2Bytes);
        SharedBytesPerBlock = Attribute(DeviceAttribute.SharedBytesPerBlock);
        if (Architecture < 70)
        {
            throw new CudaException($"{Name} is sm_{Architecture}, expected sm_70 (Volta) or newer; CPU kernels work on this machine");
        }

        nint context;
        Api.Check(Api.PrimaryContextRetain(&context, handle), "cuDevicePrimaryCtxRetain");
        Context = context;
    }

    private enum DeviceAttribute
    {
        Multiprocessors = 16,
        L2Bytes = 38,
        ComputeMajor = 75,
        ComputeMinor = 76,
        SharedBytesPerBlock = 97,
    }

    /// <summary>The driver that it belongs to.</summary>
    public CudaDriver Driver { get; }

    /// <summary>Number of the device.</summary>
    public int Ordinal { get; }

    /// <summary>Name of the product.</summary>
    public string Name { get; }

    /// <summary>Compute capability: 80 for sm_80.</summary>
    public int Architecture { get; }

    /// <summary>Number of multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Size of the L2 cache.</summary>
    public long L2Bytes { get; }

    /// <summary>Most shared memory that a block can ask for.</summary>
    public int SharedBytesPerBlock { get; }

    /// <summary>The primary context (CUcontext).</summary>
    public nint Context { get; }

    /// <summary>Free and total bytes.</summary>
    public (long Free, long Total) Memory
    {
        get
        {
            MakeCurrent();
            nuint free, total;
            Api.Check(Api.MemoryInfo(&free, &total), "cuMemGetInfo");
            return ((long)free, (long)total);
        }
    }

    internal DriverApi Api => Driver.Api;

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Opens a device of the process's driver, or of another.</summary>
    /// <exception cref="CudaException">There is no driver, no such device, or it is too old.</exception>
    public static CudaDevice Open(int ordinal = 0, CudaDriver? driver = null)
    {
        driver ??= CudaDriver.Default;
        return ordinal >= 0 && ordinal < driver.DeviceCount
            ? new CudaDevice(driver, ordinal)
            : throw new CudaException($"no CUDA device {ordinal}: {driver.Path} has {driver.DeviceCount}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (sm_{Architecture}, {Multiprocessors} multiprocessors)";

    /// <summary>Gives the context back. Buffers and streams of it must not be used any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _current = 0;
            _ = Api.PrimaryContextRelease(_handle);
        }
    }

    /// <summary>Makes the context current on this thread. Another library may have changed it since, so rare calls do not trust the note.</summary>
    internal void MakeCurrent()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        Api.Check(Api.ContextSetCurrent(Context), "cuCtxSetCurrent");
        _current = Context;
    }

    /// <summary>The hot path's form: nothing where this thread made the context current before.</summary>
    internal void EnsureCurrent()
    {
        if (_current != Context)
        {
            MakeCurrent();
        }
    }

    /// <summary>For what frees: never throws.</summary>
    internal bool TryMakeCurrent() => !IsDisposed && Api.ContextSetCurrent(Context) == 0 && (_current = Context) != 0;

    private int Attribute(DeviceAttribute attribute)
    {
        int value;
        Api.Check(Api.DeviceGetAttribute(&value, (int)attribute, _handle), "cuDeviceGetAttribute");
        return value;
    }
}
