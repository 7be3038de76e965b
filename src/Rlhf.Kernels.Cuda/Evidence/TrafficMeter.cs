using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>
/// Runs the workloads of the report on the emulator and reads its counters. The architecture is the process's. How many blocks are
/// resident, which decides what stays in L2, the emulator knows from the registers in the images that NVRTC made, else from launch bounds.
/// </summary>
internal static class TrafficMeter
{
    private const int SectorBytes = 32;

    /// <summary>One row for each entry that a workload launches, in the order of the workloads.</summary>
    /// <param name="driver">The emulator.</param>
    /// <param name="filter">Only workloads that a kernel of this name may belong to; null: all.</param>
    /// <param name="say">Progress, a line a workload.</param>
    public static List<TrafficRow> Measure(CudaDriver driver, string? filter, Action<string> say)
    {
        EmulatorCounters counters = new(driver);
        using CudaDevice device = CudaDevice.Open(0, driver);
        using CudaStream stream = new(device);
        using CudaKernels kernels = new(stream);
        List<TrafficRow> rows = [];
        foreach (WorkloadKind kind in Selected(filter))
        {
            foreach (string dtype in kind.Dtypes)
            {
                foreach (int[] shape in kind.ReportShapes(dtype))
                {
                    Workload workload = kind.Create(shape, dtype);
                    long start = Environment.TickCount64;
                    try
                    {
                        rows.AddRange(Measure(workload, kind.Name, kernels, counters));
                        say($"sm_{device.Architecture} {workload}: {(Environment.TickCount64 - start) / 1000.0:F1} s");
                    }
                    catch (NotSupportedException e)
                    {
                        say($"sm_{device.Architecture} {workload}: {e.Message}");
                    }
                }
            }
        }

        return rows;
    }

    /// <summary>Kinds whose name and the filter have one another in them; all where none has.</summary>
    internal static IEnumerable<WorkloadKind> Selected(string? filter)
    {
        if (filter is null)
        {
            return Workloads.All;
        }

        WorkloadKind[] found = [.. Workloads.All.Where(kind => kind.Name.Contains(filter, StringComparison.Ordinal) || filter.Contains(kind.Name, StringComparison.Ordinal))];
        return found.Length > 0 ? found : Workloads.All;
    }

    private static List<TrafficRow> Measure(Workload workload, string name, CudaKernels kernels, EmulatorCounters counters)
    {
        CudaLauncher launcher = kernels.Launcher;
        using Operands operands = new(kernels.Stream);
        Action<IKernels> call = workload.Build(operands, kernels);
        kernels.Synchronize();
        List<(CudaFunction Function, LaunchShape Shape)> launches = [];
        counters.Record(EmulatorCounters.Level.Traffic);
        counters.Reset();
        launcher.Observer = (function, shape) => launches.Add((function, shape));
        try
        {
            call(kernels);
            kernels.Synchronize();
            return [.. launches.GroupBy(launch => launch.Function).Select(group => Row(workload, name, launcher, group, counters.Of(group.Key.Entry), launches.Count == 1))];
        }
        finally
        {
            launcher.Observer = null;
            counters.Record(EmulatorCounters.Level.Off);
        }
    }

    private static TrafficRow Row(
        Workload workload, string name, CudaLauncher launcher, IGrouping<CudaFunction, (CudaFunction Function, LaunchShape Shape)> launches,
        in EmulatorCounters.Counters counted, bool alone)
    {
        double count = Math.Max(counted.Launches, 1);
        ulong requests = counted.ReadRequests + counted.WriteRequests, sectors = counted.ReadSectors + counted.WriteSectors;
        return new TrafficRow
        {
            Entry = launches.Key.Entry,
            Workload = name,
            Shape = workload.Shape,
            Alone = alone,
            Threads = launches.Key.Threads,
            DynamicShared = launches.Max(launch => launch.Shape.SharedBytes),
            Cluster = launches.Max(launch => launch.Shape.Cluster),
            Launches = (long)counted.Launches,
            Blocks = (long)(counted.Blocks / count),
            MinimumBytes = workload.MinimumBytes(new DeviceTraits(launcher.Architecture, launcher.Multiprocessors, launcher.L2Bytes)),
            Flops = workload.Flops,
            MatrixFlops = workload.MatrixFlops,
            CompulsoryBytes = (counted.CompulsoryRead + counted.CompulsoryWrite) / count,
            RawBytes = sectors * (double)SectorBytes / count,
            DramBytes = (counted.DramRead + counted.DramWrite) / count,
            SectorsPerRequest = requests == 0 ? 0 : (double)sectors / requests,
            BankConflicts = counted.BankConflicts / count,
            WidestRead = (int)counted.WidestRead,
        };
    }
}
