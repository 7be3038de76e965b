using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>The driver's functions that this library calls, as pointers into one loaded library.</summary>
internal sealed unsafe class DriverApi
{
    public const int OutOfMemory = 2, InvalidContext = 201, InvalidHandle = 400;

    private readonly nint _library;
    private readonly string _path;
    private readonly delegate* unmanaged<int, byte**, int> _getErrorName, _getErrorString;

    public DriverApi(nint library, string path)
    {
        _library = library;
        _path = path;
        Init = (delegate* unmanaged<uint, int>)Export("cuInit");
        DriverGetVersion = (delegate* unmanaged<int*, int>)Export("cuDriverGetVersion");
        DeviceGetCount = (delegate* unmanaged<int*, int>)Export("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, int>)Export("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Export("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
        PrimaryContextRetain = (delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
        PrimaryContextRelease = (delegate* unmanaged<int, int>)Export("cuDevicePrimaryCtxRelease_v2");
        ContextSetCurrent = (delegate* unmanaged<nint, int>)Export("cuCtxSetCurrent");
        MemoryAllocate = (delegate* unmanaged<nint*, nuint, int>)Export("cuMemAlloc_v2");
        MemoryFree = (delegate* unmanaged<nint, int>)Export("cuMemFree_v2");
        MemoryInfo = (delegate* unmanaged<nuint*, nuint*, int>)Export("cuMemGetInfo_v2");
        CopyToDevice = (delegate* unmanaged<nint, void*, nuint, nint, int>)Export("cuMemcpyHtoDAsync_v2");
        CopyToHost = (delegate* unmanaged<void*, nint, nuint, nint, int>)Export("cuMemcpyDtoHAsync_v2");
        Fill = (delegate* unmanaged<nint, byte, nuint, nint, int>)Export("cuMemsetD8Async");
        StreamCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuStreamCreate");
        StreamDestroy = (delegate* unmanaged<nint, int>)Export("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged<nint, int>)Export("cuStreamSynchronize");
        StreamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)Export("cuStreamWaitEvent");
        StreamBeginCapture = (delegate* unmanaged<nint, int, int>)Export("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, int>)Export("cuStreamEndCapture");
        StreamIsCapturing = (delegate* unmanaged<nint, int*, int>)Export("cuStreamIsCapturing");
        GraphInstantiate = (delegate* unmanaged<nint*, nint, ulong, int>)Export("cuGraphInstantiateWithFlags");
        GraphLaunch = (delegate* unmanaged<nint, nint, int>)Export("cuGraphLaunch");
        GraphDestroy = (delegate* unmanaged<nint, int>)Export("cuGraphDestroy");
        GraphExecDestroy = (delegate* unmanaged<nint, int>)Export("cuGraphExecDestroy");
        EventCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuEventCreate");
        EventRecord = (delegate* unmanaged<nint, nint, int>)Export("cuEventRecord");
        EventSynchronize = (delegate* unmanaged<nint, int>)Export("cuEventSynchronize");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Export("cuEventElapsedTime");
        EventDestroy = (delegate* unmanaged<nint, int>)Export("cuEventDestroy_v2");
        ModuleLoad = (delegate* unmanaged<nint*, void*, uint, int*, nint*, int>)Export("cuModuleLoadDataEx");
        ModuleUnload = (delegate* unmanaged<nint, int>)Export("cuModuleUnload");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
        FunctionGetAttribute = (delegate* unmanaged<int*, int, nint, int>)Export("cuFuncGetAttribute");
        FunctionSetAttribute = (delegate* unmanaged<nint, int, int, int>)Export("cuFuncSetAttribute");
        LaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");
        _getErrorName = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorName");
        _getErrorString = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorString");

        // Rows can also be copied one by one.
        CopyRows = NativeLibrary.TryGetExport(library, "cuMemcpy2DAsync_v2", out nint copyRows) ? (delegate* unmanaged<RowCopy*, nint, int>)copyRows : null;

        // Since CUDA 11.8; needed for clusters only.
        LaunchKernelEx = NativeLibrary.TryGetExport(library, "cuLaunchKernelEx", out nint launchEx)
            ? (delegate* unmanaged<LaunchConfig*, nint, void**, void**, int>)launchEx
            : null;
    }

    public delegate* unmanaged<uint, int> Init { get; }

    public delegate* unmanaged<int*, int> DriverGetVersion { get; }

    public delegate* unmanaged<int*, int> DeviceGetCount { get; }

    public delegate* unmanaged<int*, int, int> DeviceGet { get; }

    public delegate* unmanaged<byte*, int, int, int> DeviceGetName { get; }

    public delegate* unmanaged<int*, int, int, int> DeviceGetAttribute { get; }

    public delegate* unmanaged<nint*, int, int> PrimaryContextRetain { get; }

    public delegate* unmanaged<int, int> PrimaryContextRelease { get; }

    public delegate* unmanaged<nint, int> ContextSetCurrent { get; }

    public delegate* unmanaged<nint*, nuint, int> MemoryAllocate { get; }

    public delegate* unmanaged<nint, int> MemoryFree { get; }

    public delegate* unmanaged<nuint*, nuint*, int> MemoryInfo { get; }

    public delegate* unmanaged<nint, void*, nuint, nint, int> CopyToDevice { get; }

    public delegate* unmanaged<void*, nint, nuint, nint, int> CopyToHost { get; }

    /// <summary>Null where the library does without.</summary>
    public delegate* unmanaged<RowCopy*, nint, int> CopyRows { get; }

    public delegate* unmanaged<nint, byte, nuint, nint, int> Fill { get; }

    public delegate* unmanaged<nint*, uint, int> StreamCreate { get; }

    public delegate* unmanaged<nint, int> StreamDestroy { get; }

    public delegate* unmanaged<nint, int> StreamSynchronize { get; }

    public delegate* unmanaged<nint, nint, uint, int> StreamWaitEvent { get; }

    public delegate* unmanaged<nint, int, int> StreamBeginCapture { get; }

    public delegate* unmanaged<nint, nint*, int> StreamEndCapture { get; }

    public delegate* unmanaged<nint, int*, int> StreamIsCapturing { get; }

    public delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate { get; }

    public delegate* unmanaged<nint, nint, int> GraphLaunch { get; }

    public delegate* unmanaged<nint, int> GraphDestroy { get; }

    public delegate* unmanaged<nint, int> GraphExecDestroy { get; }

    public delegate* unmanaged<nint*, uint, int> EventCreate { get; }

    public delegate* unmanaged<nint, nint, int> EventRecord { get; }

    public delegate* unmanaged<nint, int> EventSynchronize { get; }

    public delegate* unmanaged<float*, nint, nint, int> EventElapsedTime { get; }

    public delegate* unmanaged<nint, int> EventDestroy { get; }

    public delegate* unmanaged<nint*, void*, uint, int*, nint*, int> ModuleLoad { get; }

    public delegate* unmanaged<nint, int> ModuleUnload { get; }

    public delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction { get; }

    public delegate* unmanaged<int*, int, nint, int> FunctionGetAttribute { get; }

    public delegate* unmanaged<nint, int, int, int> FunctionSetAttribute { get; }

    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel { get; }

    /// <summary>Null where the driver is older than clusters.</summary>
    public delegate* unmanaged<LaunchConfig*, nint, void**, void**, int> LaunchKernelEx { get; }

    public void Check(int status, string function)
    {
        if (status != 0)
        {
            Throw(status, function);
        }
    }

    /// <summary>The error's name and text, e.g. "CUDA_ERROR_INVALID_VALUE: invalid argument".</summary>
    public string Describe(int status)
    {
        byte* name = null, text = null;
        return _getErrorName(status, &name) == 0 && name is not null && _getErrorString(status, &text) == 0 && text is not null
            ? $"{Marshal.PtrToStringUTF8((nint)name)}: {Marshal.PtrToStringUTF8((nint)text)}"
            : $"CUDA error {status}";
    }

    [DoesNotReturn]
    private void Throw(int status, string function) => throw new CudaException($"{function} failed: {Describe(status)}", status);

    private nint Export(string name) =>
        NativeLibrary.TryGetExport(_library, name, out nint address)
            ? address
            : throw new CudaException($"{_path} has no function {name}: a driver of CUDA 11.4 or newer is needed");

    /// <summary>CUDA_MEMCPY2D: rows of a matrix between a host and a device pitch.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct RowCopy
    {
        public const uint Host = 1, Device = 2;

        public nuint SourceX, SourceY;
        public uint SourceType;
        public void* SourceHost;
        public nint SourceDevice, SourceArray;
        public nuint SourcePitch;
        public nuint TargetX, TargetY;
        public uint TargetType;
        public void* TargetHost;
        public nint TargetDevice, TargetArray;
        public nuint TargetPitch;
        public nuint Width, Height;
    }

    /// <summary>CUlaunchConfig.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LaunchConfig
    {
        public uint GridX, GridY, GridZ, BlockX, BlockY, BlockZ, SharedBytes;
        public nint Stream;
        public LaunchAttribute* Attributes;
        public uint AttributeCount;
    }

    /// <summary>CUlaunchAttribute with a cluster's dimensions: the value is a union of 64 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LaunchAttribute
    {
        public const int ClusterDimension = 4;

        public int Id, Padding;
        public uint X, Y, Z;
        public Rest Unused;
    }

    [InlineArray(52)]
    public struct Rest
    {
        private byte _first;
    }
}
