using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Verbs.Kernels;
using Rlhf.Fixtures;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Cuda;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf gpu-check</c>: whether the kernels are right on this machine's device, and how fast they are.</summary>
internal static class GpuCheckVerb
{
    // Families that run kernels and no models.
    private static readonly string[] Families = ["kernels", "ppo", "reward", "gae", "losses_extra"];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        var json = new Option<string?>("--json") { Description = "Write results and times to this file", HelpName = "FILE" };
        Option<string> backend = DeviceOption.Create();
        var command = new Command("gpu-check", "Check every CUDA kernel on this machine's device, then time them beside its copy bandwidth") { json, backend };
        command.SetAction((result, cancellation) => Task.Run(
            () => Run(result.InvocationConfiguration.Output, DeviceOption.Driver(result.GetRequiredValue(backend)), result.GetValue(json), cancellation),
            cancellation));
        return command;
    }

    private static int Run(TextWriter output, CudaDriver driver, string? json, CancellationToken cancellation)
    {
        using DeviceBench bench = new(driver);
        output.WriteLine($"{bench.Device}, driver for CUDA {driver.Version}{(bench.IsEmulator ? " (the emulator)" : "")}");
        int wrong = CheckFixtures(output, bench.CudaDevice, cancellation) + Compare(output, bench, cancellation);
        if (bench.IsEmulator)
        {
            output.WriteLine("times: not taken, an emulator's say nothing of a device");
            return wrong == 0 ? CommandLine.Success : CommandLine.Failure;
        }

        double copy = bench.CopyBandwidth();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"copy from device to device: {copy / 1e9:F0} GB/s, read and written"));
        JsonArray times = Time(output, bench, copy, cancellation);
        if (json is not null)
        {
            JsonObject file = new()
            {
                ["device"] = bench.Device, ["driver"] = driver.Version.ToString(), ["wrong"] = wrong, ["copy_bytes_per_second"] = Math.Round(copy), ["kernels"] = times,
            };
            OutputFile.WriteLines(json, [file.ToJsonString(Indented)]);
        }

        return wrong == 0 ? CommandLine.Success : CommandLine.Failure;
    }

    private static int CheckFixtures(TextWriter output, CudaDevice device, CancellationToken cancellation)
    {
        if (FixtureRoot() is not { } root)
        {
            output.WriteLine("fixtures: none beside this build");
            return 0;
        }

        using StagedKernels kernels = new(device);
        using AssetFinder assets = AssetFinder.Create(null);
        FixtureChecker checker = new(kernels, assets);
        int passed = 0, failed = 0;
        foreach (FixtureLocation location in Families.Select(family => Path.Combine(root, family)).Where(Directory.Exists).SelectMany(FixtureFinder.Find))
        {
            cancellation.ThrowIfCancellationRequested();
            CaseResult result = checker.Run(location);
            if (result.Status == CaseStatus.Failed)
                output.WriteLine(result);
            passed += result.Status == CaseStatus.Passed ? 1 : 0;
            failed += result.Status == CaseStatus.Failed ? 1 : 0;
        }

        output.WriteLine($"fixtures: {passed} passed, {failed} failed");
        return failed;
    }

    private static int Compare(TextWriter output, DeviceBench bench, CancellationToken cancellation)
    {
        int right = 0, wrong = 0;
        foreach (KernelComparison comparison in bench.Compare())
        {
            cancellation.ThrowIfCancellationRequested();
            if (!comparison.Holds)
            {
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{comparison.Kernel} {comparison.Shape} {comparison.Dtype}: {comparison.Error:F1} times the tolerance: {comparison.Worst}"));
            }

            right += comparison.Holds ? 1 : 0;
            wrong += comparison.Holds ? 0 : 1;
        }

        output.WriteLine($"beside the processor's kernels: {right} equal within their tolerance, {wrong} not");
        return wrong;
    }

    private static JsonArray Time(TextWriter output, DeviceBench bench, double copy, CancellationToken cancellation)
    {
        JsonArray times = [];
        output.WriteLine($"{"kernel",-30} {"shape",-18} {"type",-5} {"us",12} {"GB/s",9} {"% of copy",9}");
        foreach ((string name, string dtype) in DeviceBench.Timed())
        {
            cancellation.ThrowIfCancellationRequested();
            KernelTiming timing = bench.Time(name, null, dtype, 0);
            double percent = 100 * timing.GigabytesPerSecond * 1e9 / copy;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{timing.Kernel,-30} {timing.Shape,-18} {timing.Dtype,-5} {timing.Microseconds,12:F2} {timing.GigabytesPerSecond,9:F1} {percent,9:F1}"));
            times.Add(new JsonObject
            {
                ["kernel"] = timing.Kernel,
                ["shape"] = timing.Shape,
                ["dtype"] = timing.Dtype,
                ["us"] = Math.Round(timing.Microseconds, 3),
                ["gb_per_second"] = Math.Round(timing.GigabytesPerSecond, 1),
                ["percent_of_copy"] = Math.Round(percent, 1),
            });
        }

        return times;
    }

    private static string? FixtureRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string fixtures = Path.Combine(folder.FullName, "tests", "fixtures");
            if (Directory.Exists(fixtures))
                return fixtures;
        }

        return null;
    }
}
