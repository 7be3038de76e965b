using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Models.Native;
using Rlhf.Training.Control;

namespace Rlhf.Benchmarks.Control;

/// <summary><c>bench control-gates</c>: trains every gate of <see cref="ControlGate"/> from several seeds and says what it reached.</summary>
internal static class ControlGatesCommand
{
    private const ulong EvaluationStream = 0x6576_616C; // Other episodes than those of training: "eval".
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var json = new Option<FileInfo?>("--json") { Description = "Write the runs as a JSON array, after each", HelpName = "FILE" };
        var filter = new Option<string>("--filter") { Description = "Only environments whose name contains this", HelpName = "NAME", DefaultValueFactory = _ => "" };
        var seeds = new Option<int>("--seeds") { Description = "Runs of each: seeds 1 to this", DefaultValueFactory = _ => 3 };
        var threads = new Option<int>("--threads") { Description = "Threads of environments and models", DefaultValueFactory = _ => 2 };
        var command = new Command("control-gates", "Train TRPO on the true reward of the gates' environments, and evaluate the mean policy") { json, filter, seeds, threads };
        command.SetAction(result => Run(
            result.GetValue(json), result.GetValue(filter)!, result.GetValue(seeds), result.GetValue(threads), Console.Out));
        return command;
    }

    private static int Run(FileInfo? json, string filter, int seeds, int threads, TextWriter output)
    {
        TorchLibrary.SetThreads(threads);
        using var kernels = new CpuKernels(threads);
        JsonArray rows = [];
        foreach (ControlGate gate in ControlGate.All.Where(gate => gate.Environment.Contains(filter, StringComparison.Ordinal)))
        {
            int passed = 0;
            for (ulong seed = 1; seed <= (ulong)seeds; seed++)
            {
                JsonObject row = Train(kernels, gate, seed, threads);
                passed += row["passed"]!.GetValue<bool>() ? 1 : 0;
                rows.Add((JsonNode)row);
                output.WriteLine(row.ToJsonString());
                if (json is not null)
                    File.WriteAllText(json.FullName, rows.ToJsonString(Indented) + "\n");
            }

            output.WriteLine($"{gate.Environment}: {passed} of {seeds} reach {gate.Threshold}");
        }

        return 0;
    }

    private static JsonObject Train(CpuKernels kernels, ControlGate gate, ulong seed, int threads)
    {
        TrpoConfig config = gate.Config with { Seed = seed };
        using VectorEnvironment environments = gate.Create(ControlGate.Environments, threads, seed);
        using VectorEnvironment evaluation = gate.Create(ControlGate.Episodes, threads, seed ^ EvaluationStream);
        using var trainer = new TrpoTrainer(kernels, environments, config);
        double untrained = PolicyEvaluation.Run(trainer.Policy, evaluation).Mean;
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        trainer.Train();
        double seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        double processorSeconds = (process.TotalProcessorTime - before).TotalSeconds;
        PolicyEvaluation result = PolicyEvaluation.Run(trainer.Policy, evaluation);
        return new JsonObject
        {
            ["environment"] = gate.Environment,
            ["form"] = gate.Form == TaskForm.Paper ? "paper" : "standard",
            ["seed"] = seed,
            ["steps"] = trainer.Steps,
            ["batch"] = config.BatchSize,
            ["gamma"] = config.Gamma,
            ["lambda"] = config.Lambda,
            ["max_kl"] = config.MaxKl,
            ["untrained"] = Math.Round(untrained, 2),
            ["mean_return"] = Math.Round(result.Mean, 2),
            ["std_return"] = Math.Round(result.Std, 2),
            ["exploring_return_last_100"] = Math.Round(environments.EpisodeStatistics.MeanReturn, 2),
            ["threshold"] = gate.Threshold,
            ["passed"] = result.Mean >= gate.Threshold,
            ["seconds"] = Math.Round(seconds, 1),
            ["processor_seconds"] = Math.Round(processorSeconds, 1),
            ["steps_per_second"] = Math.Round(trainer.Steps / seconds),
        };
    }
}
