using System.CommandLine;
using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Native;

namespace Rlhf.Benchmarks.Networks;

/// <summary><c>bench networks</c>: the small networks of control beside libtorch as it is used elsewhere.</summary>
internal static class NetworksCommand
{
    private static readonly int[] Rows = [1, 8, 64];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var json = new Option<FileInfo?>("--json") { Description = "Write the rows as a JSON array", HelpName = "FILE" };
        var threads = new Option<int>("--threads") { Description = "Threads of both sides", DefaultValueFactory = _ => 2 };
        var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are reported", DefaultValueFactory = _ => 9 };
        var command = new Command("networks", "Time a policy's inference and the fit of an ensemble of reward predictors, beside eager PyTorch and a loop over pairs")
        {
            json, threads, rounds,
        };
        command.SetAction(result => Run(result.GetValue(json), result.GetValue(threads), result.GetValue(rounds), Console.Out, Console.Error));
        return command;
    }

    private static int Run(FileInfo? json, int threads, int rounds, TextWriter output, TextWriter error)
    {
        if (threads < 1 || rounds < 1)
        {
            error.WriteLine("rlhf: --threads and --rounds expect a number of at least 1");
            return 2;
        }

        if (TorchLibrary.UnavailableReason is { } missing)
        {
            error.WriteLine($"rlhf: {missing}");
            return 1;
        }

        TorchLibrary.SetThreads(threads);
        using var kernels = new CpuKernels(threads);
        output.WriteLine($"{Machine.Describe(kernels)}; {TorchLibrary.Description}");
        if (PeerProcess.Missing is { } reason)
        {
            output.WriteLine($"PyTorch is not measured: {reason}");
        }

        var rows = new List<BenchmarkRow>();
        Report.WriteHeader(output);
        try
        {
            foreach (int count in Rows)
            {
                Add(InferenceLatency.Measure(threads, count));
            }

            foreach (BenchmarkRow row in EnsembleFit.Measure(kernels, rounds))
            {
                Add(row);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            error.WriteLine($"rlhf: {exception.Message}");
            return 1;
        }

        if (json is not null)
        {
            Report.Save(json.FullName, rows);
        }

        return 0;

        void Add(BenchmarkRow row)
        {
            rows.Add(row);
            Report.Write(output, row);
        }
    }
}
