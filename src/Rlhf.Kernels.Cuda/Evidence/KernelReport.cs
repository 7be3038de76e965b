using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>The evidence of every entry on every architecture: what the compiler says, and what the emulator counts.</summary>
public static class KernelReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Architectures of a report.</summary>
    public static IReadOnlyList<int> Architectures { get; } = [.. ArchitectureLimits.All.Select(limits => limits.Architecture)];

    /// <summary>
    /// Measures the kernels of the report on the emulator that this process runs on and writes the figures to a file, for
    /// <see cref="Create"/>. The architecture is the emulator's for a whole process, so each takes one of its own.
    /// </summary>
    /// <exception cref="CudaException">The emulator is not there.</exception>
    public static void MeasureTraffic(string file, string? filter, Action<string> say) =>
        File.WriteAllText(file, JsonSerializer.Serialize(TrafficMeter.Measure(CudaDriver.LoadEmulator(), filter, say), Json));

    /// <summary>Rows of one architecture.</summary>
    /// <param name="architecture">80 for sm_80.</param>
    /// <param name="filter">Only entries whose name has this in it; null: all.</param>
    /// <param name="trafficFile">What <see cref="MeasureTraffic"/> wrote on this architecture; null without the emulator.</param>
    public static IReadOnlyList<EvidenceRow> Create(int architecture, string? filter, string? trafficFile)
    {
        List<TrafficRow> traffic = trafficFile is null ? [] : JsonSerializer.Deserialize<List<TrafficRow>>(File.ReadAllText(trafficFile), Json)!;
        return [.. EntriesOf(architecture, filter).Select(entry => EvidenceLimits.Judge(Row(entry.Module, entry.Entry, architecture, traffic)))];
    }

    /// <summary>The report as a JSON array.</summary>
    public static string ToJson(IReadOnlyList<EvidenceRow> rows) => JsonSerializer.Serialize(rows, Json);

    private static IEnumerable<(string Module, string Entry)> EntriesOf(int architecture, string? filter) =>
        from module in KernelSources.Modules
        where KernelSources.MinimumArchitecture(module) <= architecture
        from entry in KernelSources.Entries(module)
        where filter is null || entry.Contains(filter, StringComparison.Ordinal)
        select (module, entry);

    private static EvidenceRow Row(string module, string entry, int architecture, List<TrafficRow> traffic)
    {
        TrafficRow[] seen = [.. traffic.Where(row => row.Entry == entry)];
        EvidenceRow row = new()
        {
            Name = entry,
            Module = module,
            Dtype = entry[(entry.LastIndexOf('_') + 1)..],
            Arch = architecture,
            Note = traffic.Count == 0 || seen.Length > 0 ? null : "no call of the report launches it on this architecture",
        };
        return WithCompiler(seen.Length > 0 ? WithTraffic(row, seen) : row, seen.FirstOrDefault());
    }

    private static EvidenceRow WithCompiler(EvidenceRow row, TrafficRow? traffic)
    {
        if (!KernelCompiler.IsAvailable || !KernelCompiler.Architectures.Contains(row.Arch))
        {
            return row;
        }

        CompiledModule machine = KernelCompiler.Compile(row.Module, row.Arch, ImageKind.Cubin);
        CompiledModule text = KernelCompiler.Compile(row.Module, row.Arch, ImageKind.Ptx);
        CompiledEntry compiled = machine.Entries.First(entry => entry.Name == row.Name);
        PtxFacts ptx = PtxFacts.Read(Encoding.UTF8.GetString(text.Image.Span)).GetValueOrDefault(row.Name);
        SassFacts? sass = SassFacts.OfCubin(machine.Image) is { } facts && facts.TryGetValue(row.Name, out SassFacts found) ? found : null;
        int shared = compiled.SharedBytes + (traffic?.DynamicShared ?? 0);
        int? threads = traffic?.Threads ?? PtxFacts.LaunchBound(Encoding.UTF8.GetString(text.Image.Span), row.Name);
        return row with
        {
            Registers = compiled.Registers,
            Spills = compiled.SpillStores + compiled.SpillLoads,
            StackBytes = compiled.StackBytes,
            SharedBytes = shared,
            Threads = threads,
            Occupancy = threads is { } bound ? ArchitectureLimits.Of(row.Arch).Occupancy(bound, compiled.Registers, shared) : null,
            WidestLoadBytes = ptx.WidestLoad,
            WidestLoadSass = sass?.WidestLoad,
            LocalAccesses = ptx.LocalAccesses + (sass?.LocalAccesses ?? 0),
            FloatAtomics = ptx.FloatAtomics,
        };
    }

    private static EvidenceRow WithTraffic(EvidenceRow row, TrafficRow[] seen)
    {
        TrafficRow main = seen[0];
        GpuPeaks? peaks = GpuPeaks.Of(row.Arch);
        double minimum = Minimum(main);

        // A call of several launches says nothing of the arithmetic of one of them: their time is that of their bytes.
        double flops = main.Alone ? main.Flops : 0, matrixFlops = main.Alone ? main.MatrixFlops : 0;
        return row with
        {
            Workload = main.Workload,
            Shape = string.Join('x', main.Shape),
            Blocks = main.Blocks,
            BytesMoved = Math.Round(main.DramBytes),
            BytesMinimum = Math.Round(minimum),
            BytesOverMinimum = Ratio(main),
            BytesCompulsory = Math.Round(main.CompulsoryBytes),
            BytesRaw = Math.Round(main.RawBytes),
            SectorsPerRequest = Math.Round(main.SectorsPerRequest, 3),
            BankConflicts = Math.Round(main.BankConflicts, 1),
            Flops = main.Alone ? flops + matrixFlops : null,
            PredictedUs = peaks is null ? null : Math.Round(peaks.Microseconds(main.DramBytes, flops, matrixFlops), 2),
            PredictedOn = peaks?.Product,
            OtherShapes =
            [
                .. seen.Skip(1).Select(other => new ShapeTraffic(
                    other.Workload, string.Join('x', other.Shape), Math.Round(other.DramBytes), Math.Round(Minimum(other)), Ratio(other))),
            ],
            Note = main.Alone ? null : $"one of several launches of {main.Workload}: the least bytes are those of the sectors that it touches",
        };
    }

    private static double Minimum(TrafficRow row) => row.Alone ? row.MinimumBytes : row.CompulsoryBytes;

    private static double Ratio(TrafficRow row) => Minimum(row) > 0 ? Math.Round(row.DramBytes / Minimum(row), 4) : 0;
}
