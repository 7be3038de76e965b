using System.Diagnostics.CodeAnalysis;
using Rlhf.Kernels.Cuda.Blas;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda;

/// <summary>
/// What launchers of kernels need of a device and its stream: entries, launches, scratch. One stream, one thread at a time;
/// nothing here synchronises, and nothing allocates once the kernels and the scratch of the largest shape are there.
/// </summary>
internal sealed unsafe class CudaLauncher : IDisposable
{
    private const int Alignment = 256, ErrorAt = 0, ArrivedAt = 128;

    private readonly CudaDevice _device;
    private readonly CudaStream _stream;
    private readonly LoadedModules _modules;
    private readonly DeviceBuffer<byte> _words;
    private readonly DeviceScratch _partials, _scratch;

    public CudaLauncher(CudaStream stream)
    {
        _stream = stream;
        _device = stream.Device;
        _modules = new LoadedModules(_device);
        _partials = new DeviceScratch(stream, "statistics");
        _scratch = new DeviceScratch(stream, "scratch");
        Gemm = new HeadGemm(this);
        _words = new DeviceBuffer<byte>(_device, Alignment);
        _words.Fill(0, stream);
        ClearError();
    }

    public CudaDevice Device => _device;

    public CudaStream Stream => _stream;

    /// <summary>80 for sm_80.</summary>
    public int Architecture => _device.Architecture;

    public int Multiprocessors => _device.Multiprocessors;

    public long L2Bytes => _device.L2Bytes;

    /// <summary>Most that a block can ask for.</summary>
    public int SharedBytesPerBlock => _device.SharedBytesPerBlock;

    /// <summary>Device address of the sticky error: all ones is none, else kind « 32 | row.</summary>
    public nint ErrorWord => (nint)_words.Pointer + ErrorAt;

    /// <summary>The matrix products of the fused head.</summary>
    public HeadGemm Gemm { get; }

    /// <summary>Where launches are written down instead of made; null outside of <see cref="CudaPlan"/>.</summary>
    public CudaPlan? Recorder { get; set; }

    /// <summary>Is told of every launch, before it is made.</summary>
    public Action<CudaFunction, LaunchShape>? Observer { get; set; }

    /// <summary>An entry of kernels/<paramref name="module"/>.cu. The first call loads it; later ones allocate nothing.</summary>
    public CudaFunction Function(string module, string entry) => _modules.Function(module, entry);

    /// <summary>
    /// Launches <paramref name="blocks"/> blocks of the function's own size; none for 0. The parameters are copied before the call returns.
    /// </summary>
    public void Launch<TParams>(CudaFunction function, long blocks, in TParams parameters, int sharedBytes = 0, int cluster = 1)
        where TParams : unmanaged
    {
        if (blocks == 0)
        {
            return;
        }

        if (blocks is < 0 or > int.MaxValue)
        {
            ThrowGrid(function, blocks);
        }

        if (sharedBytes > function.DynamicSharedLimit)
        {
            AllowShared(function, sharedBytes);
        }

        LaunchShape shape = new((uint)blocks, sharedBytes, cluster);

        Observer?.Invoke(function, shape);

        // The parameters may stand in a managed object: they stay where they are until the driver has copied them.
        fixed (TParams* pointer = &parameters)
        {
            if (Recorder is { } plan)
            {
                plan.Add(function, shape, pointer, sizeof(TParams));
            }
            else
            {
                Launch(function, shape, pointer, sizeof(TParams));
            }
        }
    }

    /// <summary>Scratch for <c>grid_reduce</c> with <paramref name="count"/> statistics; launches of a stream share it.</summary>
    public GridPartials Partials(int count, long blocks) => new()
    {
        Partials = _partials.Get(count * Math.Max(blocks, 1) * sizeof(double)),
        Arrived = (nint)_words.Pointer + ArrivedAt,
    };

    /// <summary>Device memory, aligned to 256 bytes and of undefined content, until the next call of this method.</summary>
    public nint Scratch(long bytes) => _scratch.Get(bytes);

    /// <summary>For a call that is not made of launches (a matrix product of a library): a plan cannot hold it.</summary>
    public void RefuseInPlan(string what)
    {
        if (Recorder is not null)
        {
            throw new NotSupportedException($"{what} is not made of launches alone and has no plan; capture it in a graph");
        }
    }

    /// <summary>The launch itself: one call of the driver.</summary>
    public void Launch(CudaFunction function, LaunchShape shape, void* parameters, nint bytes)
    {
        _device.EnsureCurrent();
        Nvtx.Push(function.Label);
        int status = Enqueue(function, shape, parameters, bytes);
        if (status is DriverApi.InvalidContext or DriverApi.InvalidHandle)
        {
            // Another library has changed this thread's context since.
            _device.MakeCurrent();
            status = Enqueue(function, shape, parameters, bytes);
        }

        Nvtx.Pop();
        if (status != 0)
        {
            ThrowLaunch(function, shape, status);
        }
    }

    /// <summary>The sticky error, after everything in the stream; synchronises.</summary>
    public ulong ReadError()
    {
        ulong word;
        _device.MakeCurrent();
        _device.Api.Check(_device.Api.CopyToHost(&word, ErrorWord, sizeof(ulong), _stream.Handle), "cuMemcpyDtoHAsync");
        _stream.Synchronize();
        return word;
    }

    public void ClearError()
    {
        _device.MakeCurrent();
        _device.Api.Check(_device.Api.Fill(ErrorWord, byte.MaxValue, sizeof(ulong), _stream.Handle), "cuMemsetD8Async");
    }

    public void Dispose()
    {
        Gemm.Dispose();
        _partials.Dispose();
        _scratch.Dispose();
        _words.Dispose();
        _modules.Dispose();
    }

    private int Enqueue(CudaFunction function, LaunchShape shape, void* parameters, nint bytes)
    {
        const nint BufferPointer = 1, BufferSize = 2, End = 0;
        nint* extra = stackalloc nint[] { BufferPointer, (nint)parameters, BufferSize, (nint)(&bytes), End };
        if (shape.Cluster <= 1)
        {
            return _device.Api.LaunchKernel(
                function.Handle, shape.Blocks, 1, 1, (uint)function.Threads, 1, 1, (uint)shape.SharedBytes, _stream.Handle, null, (void**)extra);
        }

        if (_device.Api.LaunchKernelEx is null)
        {
            throw new CudaException($"{function.Entry} launches clusters: a driver of CUDA 11.8 or newer is needed, this is {_device.Driver.Version}");
        }

        if (shape.Cluster > 8 && !function.LargeClusters)
        {
            const int NonPortableClusterSize = 14;
            _device.Api.Check(_device.Api.FunctionSetAttribute(function.Handle, NonPortableClusterSize, 1), "cuFuncSetAttribute");
            function.LargeClusters = true;
        }

        DriverApi.LaunchAttribute attribute = new() { Id = DriverApi.LaunchAttribute.ClusterDimension, X = (uint)shape.Cluster, Y = 1, Z = 1 };
        DriverApi.LaunchConfig config = new()
        {
            GridX = shape.Blocks, GridY = 1, GridZ = 1, BlockX = (uint)function.Threads, BlockY = 1, BlockZ = 1,
            SharedBytes = (uint)shape.SharedBytes, Stream = _stream.Handle, Attributes = &attribute, AttributeCount = 1,
        };
        return _device.Api.LaunchKernelEx(&config, function.Handle, null, (void**)extra);
    }

    private void AllowShared(CudaFunction function, int bytes)
    {
        const int MaxDynamicShared = 8;
        if (bytes + function.SharedBytes > SharedBytesPerBlock)
        {
            throw new CudaException(
                $"{function.Entry} asks for {bytes} + {function.SharedBytes} bytes of shared memory a block, {_device.Name} has {SharedBytesPerBlock}");
        }

        _device.MakeCurrent();
        _device.Api.Check(_device.Api.FunctionSetAttribute(function.Handle, MaxDynamicShared, bytes), "cuFuncSetAttribute");
        function.DynamicSharedLimit = bytes;
    }

    [DoesNotReturn]
    private static void ThrowGrid(CudaFunction function, long blocks) =>
        throw new ArgumentException($"{function.Entry} would need {blocks} blocks, a grid has at most {int.MaxValue}");

    [DoesNotReturn]
    private void ThrowLaunch(CudaFunction function, LaunchShape shape, int status) => throw new CudaException(
        $"launch of {function.Entry} failed: {_device.Api.Describe(status)} (grid {shape.Blocks}, block {function.Threads}, "
        + $"{function.SharedBytes} + {shape.SharedBytes} bytes of shared memory, cluster {shape.Cluster})",
        status);
}
