using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>Times kernels on the device of this process's driver, and compares their results with the processor's.</summary>
public sealed unsafe class DeviceBench : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CudaStream _stream;
    private readonly CudaKernels _kernels;
    private readonly CpuKernels _processor = new();

    /// <summary>Opens the first device of the process's driver, or of another.</summary>
    /// <exception cref="CudaException">There is no driver or no device; the message says where it was searched.</exception>
    public DeviceBench(CudaDriver? driver = null)
    {
        _device = Driver.CudaDevice.Open(0, driver);
        _stream = new CudaStream(_device);
        _kernels = new CudaKernels(_stream);
    }

    /// <summary>Every kind of call by name, with what the numbers of its shape are.</summary>
    public static IReadOnlyList<(string Name, string Sizes, string DefaultShape)> Kinds { get; } =
        [.. Workloads.All.Select(kind => (kind.Name, kind.Sizes, string.Join('x', kind.Timed)))];

    /// <summary>The device in words.</summary>
    public string Device => _device.ToString();

    /// <summary>The device that is looked at.</summary>
    public CudaDevice CudaDevice => _device;

    /// <summary>Whether it is the emulator, whose times say nothing of a device.</summary>
    public bool IsEmulator => _device.Driver.IsEmulator;

    /// <summary>A kernel call, repeated; once before for what is made at first use.</summary>
    /// <param name="name">Kind of call.</param>
    /// <param name="shape">Sizes; null: those at which the kind is timed.</param>
    /// <param name="dtype">Storage type; null: the kind's first.</param>
    /// <param name="iterations">Calls; 0: as many as take about a tenth of a second.</param>
    /// <exception cref="ArgumentException">There is no such kind, or the shape does not fit it.</exception>
    public KernelTiming Time(string name, int[]? shape, string? dtype, int iterations)
    {
        WorkloadKind kind = Workloads.Find(name);
        Workload workload = kind.Create(shape ?? kind.Timed, dtype ?? kind.Dtypes[0]);
        using Operands operands = new(_stream);
        Action<IKernels> call = workload.Build(operands, _kernels);
        call(_kernels);
        _stream.Synchronize();
        using CudaPlan? plan = TryPlan(call);
        Action launch = plan is null ? () => call(_kernels) : plan.Launch;
        int count = iterations > 0 ? iterations : (int)Math.Clamp(1e5 / Measure(launch, 1), 3, 1000);
        return new KernelTiming(
            kind.Name, workload.Dtype, string.Join('x', workload.Shape), plan?.Launches ?? 0, count, Measure(launch, count),
            workload.MinimumBytes(DeviceTraits.Of(_device)));
    }

    /// <summary>Bytes a second, read and written, of the driver's copy from device to device: what a kernel bound by memory is held against.</summary>
    public double CopyBandwidth(long bytes = 1L << 29)
    {
        if (_device.Api.CopyRows is null)
        {
            throw new CudaException($"{_device.Driver.Path} has no cuMemcpy2DAsync_v2");
        }

        using DeviceBuffer<byte> source = new(_device, bytes), target = new(_device, bytes);
        source.Fill(1, _stream);
        const int Width = 1 << 20;
        DriverApi.RowCopy rows = new()
        {
            SourceType = DriverApi.RowCopy.Device, SourceDevice = (nint)source.Pointer, SourcePitch = Width,
            TargetType = DriverApi.RowCopy.Device, TargetDevice = (nint)target.Pointer, TargetPitch = Width,
            Width = Width, Height = (nuint)(bytes / Width),
        };
        Action copy = () => Enqueue(rows);
        copy();
        const int Copies = 10;
        return 2 * rows.Width * (double)rows.Height / Measure(copy, Copies) * 1e6;
    }

    /// <summary>Every kernel at small and odd shapes, in every storage type.</summary>
    public IEnumerable<KernelComparison> Compare()
    {
        foreach (WorkloadKind kind in Workloads.All)
        {
            foreach (string dtype in kind.Dtypes)
            {
                foreach (int[] shape in kind.Check)
                {
                    yield return Compare(kind, shape, dtype);
                }
            }
        }
    }

    /// <summary>Kinds and storage types in the order of the table.</summary>
    public static IEnumerable<(string Name, string Dtype)> Timed() => Workloads.All.SelectMany(kind => kind.Dtypes.Select(dtype => (kind.Name, dtype)));

    /// <inheritdoc/>
    public void Dispose()
    {
        _processor.Dispose();
        _kernels.Dispose();
        _stream.Dispose();
        _device.Dispose();
    }

    internal KernelComparison Compare(WorkloadKind kind, int[] shape, string dtype)
    {
        using Operands device = new(_stream), host = new(stream: null, roundThrough: dtype);
        Workload single = kind.Create(shape, "f32"), stored = kind.Create(shape, dtype);
        single.Build(host, _processor)(_processor);
        stored.Build(device, _kernels)(_kernels);
        _kernels.ThrowIfBadInput();
        var (worst, where) = (0.0, "all equal");
        foreach (var ((name, actual, type), (_, expected, _)) in device.Results().Zip(host.Results()))
        {
            // Sums are as exact as their largest result; what is stored short is rounded besides.
            double scale = expected.Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty().Max();
            double rounding = Rounding(type), tolerance = kind.Tolerance + (kind.RoundsBetween ? Rounding(dtype) : 0);
            for (int i = 0; i < expected.Length; i++)
            {
                double allowed = (tolerance * Math.Max(scale, 1e-6)) + (rounding * Math.Abs(expected[i]));
                double error = actual[i].Equals(expected[i]) ? 0 : Math.Abs(actual[i] - expected[i]) / allowed;
                if (!(error <= worst))
                {
                    worst = double.IsNaN(error) ? double.PositiveInfinity : error;
                    where = $"{name}[{i}] is {actual[i]:G9}, the processor says {expected[i]:G9}";
                }
            }
        }

        return new KernelComparison(kind.Name, dtype, string.Join('x', shape), worst, where);
    }

    // Twice the largest rounding of the type.
    private static double Rounding(string dtype) => dtype switch { "bf16" => 1.0 / 128, "f16" => 1.0 / 1024, _ => 0 };

    // Products of a library are no launches of ours: such a call is made anew each time.
    private CudaPlan? TryPlan(Action<IKernels> call)
    {
        try
        {
            return _kernels.Plan(call);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Microseconds of device time a call.</summary>
    private double Measure(Action call, int count)
    {
        using CudaEvent start = new(_device), end = new(_device);
        start.Record(_stream);
        for (int i = 0; i < count; i++)
        {
            call();
        }

        end.Record(_stream);
        end.Synchronize();
        return Math.Max(1e3 * end.MillisecondsSince(start) / count, 1e-3);
    }

    private void Enqueue(DriverApi.RowCopy rows) => _device.Api.Check(_device.Api.CopyRows(&rows, _stream.Handle), "cuMemcpy2DAsync");
}
