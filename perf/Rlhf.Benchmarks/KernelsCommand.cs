using System.CommandLine;
using Rlhf.Benchmarks.Cases;
using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;

namespace Rlhf.Benchmarks;

/// <summary><c>bench kernels</c>: validates and times every kernel, prints a table, writes JSON.</summary>
internal static class KernelsCommand
{
    /// <summary>The kernels that are timed: a small problem to compile and check, and the one that counts.</summary>
    private static readonly (string Name, Func<KernelCase> Small, Func<KernelCase> Full)[] Cases =
    [
        ("token_logprobs", () => new TokenLogprobsCase(5, 1003), () => new TokenLogprobsCase(1024, 50257)),
        ("ppo_from_logits", () => new PpoFromLogitsCase(5, 1003, false), () => new PpoFromLogitsCase(1024, 50257, false)),
        ("ppo_from_logits_entropy", () => new PpoFromLogitsCase(5, 1003, true), () => new PpoFromLogitsCase(1024, 50257, true)),
        ("linear_logprobs", () => new LinearLogprobsCase(33, 32, 1003), () => new LinearLogprobsCase(2048, 768, 50257)),
        ("gae", () => new GaeCase(3, 17), () => new GaeCase(64, 512)),
        ("whiten", () => new WhitenCase(3, 17), () => new WhitenCase(512, 512)),
        ("pairwise_loss", () => new PairwiseLossCase(33), () => new PairwiseLossCase(65536)),
        ("categorical", () => new CategoricalCase(5, 1003), () => new CategoricalCase(256, 50257)),
        ("adamw", () => new AdamWCase(1003), () => new AdamWCase(8_388_608)),
    ];

    private static readonly int[] SmallCallTokens = [1, 32, 1000];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var json = new Option<FileInfo?>("--json") { Description = "Write the rows as a JSON array", HelpName = "FILE" };
        var filter = new Option<string>("--filter") { Description = "Only kernels whose name contains this", HelpName = "NAME", DefaultValueFactory = _ => "" };
        var threads = new Option<int>("--threads") { Description = "Threads of both sides", DefaultValueFactory = _ => 2 };
        var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are reported", DefaultValueFactory = _ => 9 };
        var command = new Command("kernels", "Time each kernel, memory traffic alone, and eager PyTorch, in alternating rounds") { json, filter, threads, rounds };
        command.SetAction(result => Run(
            result.GetValue(json), result.GetValue(filter)!, result.GetValue(threads), result.GetValue(rounds), Console.Out, Console.Error));
        return command;
    }

    private static int Run(FileInfo? json, string filter, int threads, int rounds, TextWriter output, TextWriter error)
    {
        if (threads < 1 || rounds < 1)
        {
            error.WriteLine("rlhf: --threads and --rounds expect a number of at least 1");
            return 2;
        }

        using var kernels = new CpuKernels(threads);
        OpenBlas.SetThreads(threads);
        var rows = new List<BenchmarkRow>();
        output.WriteLine(Machine.Describe(kernels));
        if (PeerProcess.Missing is { } reason)
        {
            output.WriteLine($"peers are not measured: {reason}");
        }

        Report.WriteHeader(output);
        try
        {
            var benchmark = new KernelBenchmark(kernels, rounds);
            foreach (var (name, small, full) in Cases.Where(entry => entry.Name.Contains(filter, StringComparison.Ordinal)))
            {
                try
                {
                    Add(benchmark.Measure(small, full));
                }
                catch (NotSupportedException exception)
                {
                    output.WriteLine($"{name,-24} {exception.Message}");
                }
            }

            foreach (int tokens in SmallCallTokens.Where(_ => "ppo_loss".Contains(filter, StringComparison.Ordinal)))
            {
                Add(SmallCalls.Measure(kernels, tokens));
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            error.WriteLine($"rlhf: {exception.Message}");
            return 1;
        }

        if (rows.Count == 0)
        {
            error.WriteLine($"rlhf: no kernel's name contains '{filter}', expected one of {string.Join(", ", Cases.Select(entry => entry.Name))}, ppo_loss");
            return 2;
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
