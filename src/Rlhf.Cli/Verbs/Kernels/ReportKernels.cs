using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Evidence;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary><c>rlhf kernels report</c>: the evidence pack.</summary>
internal static class ReportKernels
{
    public static Command Create()
    {
        var json = new Option<string?>("--json") { Description = "Write all figures to this file, as an array", HelpName = "FILE" };
        var filter = new Option<string?>("--filter") { Description = "Only entries whose name has this in it", HelpName = "NAME" };
        Option<int[]> arch = ArchOption.Create("Architectures [default: all]");
        var command = new Command("report", "Registers, spills, occupancy, widest loads and bytes over the least, for every kernel and architecture") { json, filter, arch };
        command.SetAction((result, cancellation) => Task.Run(
            () => Run(
                result.InvocationConfiguration, result.GetValue(json), result.GetValue(filter), result.GetValue(arch) is { Length: > 0 } some ? some : KernelReport.Architectures, cancellation),
            cancellation));
        return command;
    }

    private static int Run(InvocationConfiguration io, string? json, string? filter, IReadOnlyList<int> architectures, CancellationToken cancellation)
    {
        if (KernelCompiler.UnavailableReason is { } reason)
            io.Error.WriteLine($"rlhf: without the compiler's figures: {reason}");
        List<EvidenceRow> rows = [];
        foreach (int architecture in architectures)
        {
            cancellation.ThrowIfCancellationRequested();
            string file = Path.GetTempFileName();
            try
            {
                Measure(architecture, file, filter, io.Error, cancellation);
                rows.AddRange(KernelReport.Create(architecture, filter, file));
            }
            finally
            {
                File.Delete(file);
            }
        }

        if (rows.Count == 0)
            throw new CudaException($"no kernel entry has '{filter}' in its name; './rlhf kernels list' names them");
        if (json is not null)
            OutputFile.WriteLines(json, [KernelReport.ToJson(rows)]);
        foreach (EvidenceRow row in rows)
            io.Output.WriteLine(Line(row));
        return Conclude(io.Output, rows);
    }

    private static int Conclude(TextWriter output, List<EvidenceRow> rows)
    {
        output.WriteLine();
        foreach (IGrouping<string, EvidenceRow> group in rows.Where(row => row.Workload is null || row.Broken.Count > 0)
            .GroupBy(row => $"{row.Name}: {string.Join("; ", row.Broken.Append(row.Note).OfType<string>())}"))
        {
            output.WriteLine($"{string.Join(',', group.Select(row => $"sm_{row.Arch}"))}  {group.Key}");
        }

        int outside = rows.Count(row => row.Broken.Count > 0), unexplained = rows.Count(row => !row.Explained);
        output.WriteLine(
            $"{rows.Count} entries by architecture: {rows.Count - outside} within all limits, {outside - unexplained} outside with a reason, {unexplained} outside without");
        return unexplained == 0 ? CommandLine.Success : CommandLine.Failure;
    }

    private static string Line(EvidenceRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"sm_{row.Arch}  {row.Name,-44} regs {Show(row.Registers),3}  spills {Show(row.Spills)}  shared {Show(row.SharedBytes),6}  "
        + $"occupancy {row.Occupancy,4:P0}  load {Show(row.WidestLoadBytes),2}  moved/least {Ratio(row),6}{(row.Limit is { } limit ? $" of {limit}" : "")}  "
        + $"sectors {row.SectorsPerRequest,5:F2}  conflicts {Show(row.BankConflicts)}  {(row.PredictedUs is { } us ? $"{us:F1} us on {row.PredictedOn}" : "")}"
        + $"{(row.Broken.Count > 0 ? "  !" : "")}").TrimEnd();

    private static string Ratio(EvidenceRow row) => row.BytesOverMinimum is { } ratio
        ? ratio.ToString("F3", CultureInfo.InvariantCulture)
        : "-";

    private static string Show<T>(T? value)
        where T : struct, IFormattable => value is { } number ? number.ToString(null, CultureInfo.InvariantCulture) : "-";

    // A process of its own, since the emulator's architecture is that of a process.
    private static void Measure(int architecture, string file, string? filter, TextWriter error, CancellationToken cancellation)
    {
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is not known");
        ProcessStartInfo start = new(self) { RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (string word in new[] { "kernels", MeasureTraffic.Name, MeasureTraffic.OutOption, file })
            start.ArgumentList.Add(word);
        if (filter is not null)
        {
            start.ArgumentList.Add(MeasureTraffic.FilterOption);
            start.ArgumentList.Add(filter);
        }

        // Without a library the fused head multiplies with kernels of this project, so that they are launched too.
        start.Environment["RLHF_CUBLAS_LIBRARY"] = "none";
        start.Environment["RLHF_SIMT_ARCH"] = architecture.ToString(CultureInfo.InvariantCulture);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{self} did not start");
        using CancellationTokenRegistration registration = cancellation.Register(() => process.Kill(entireProcessTree: true));
        string? last = null;
        while (process.StandardError.ReadLine() is { } line)
        {
            last = line;
            error.WriteLine(line);
        }

        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CudaException($"measuring sm_{architecture} failed: {last}");
    }
}
