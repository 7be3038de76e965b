using System.CommandLine;
using System.Diagnostics;
using Rlhf.Benchmarks.Harness;
using Rlhf.Environments;
using Rlhf.Environments.Mujoco;

namespace Rlhf.Benchmarks.Environments;

/// <summary><c>bench environments</c>: steps a second of robots side by side, beside MuJoCo alone on the same actions and threads.</summary>
internal static class EnvironmentsCommand
{
    private const ulong Seed = 1;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var filter = new Option<string>("--env") { Description = "Only this robot", HelpName = "ID", DefaultValueFactory = _ => "" };
        var count = new Option<int>("--count") { Description = "Environments", DefaultValueFactory = _ => 8 };
        var threads = new Option<int>("--threads") { Description = "Threads of both sides", DefaultValueFactory = _ => 2 };
        var steps = new Option<int>("--steps") { Description = "Steps of each environment in a round", DefaultValueFactory = _ => 1000 };
        var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are reported", DefaultValueFactory = _ => 9 };
        var command = new Command("environments", "Time environments side by side, and bare mj_step, in alternating rounds") { filter, count, threads, steps, rounds };
        command.SetAction(result => Run(
            result.GetValue(filter)!, result.GetValue(count), result.GetValue(threads), result.GetValue(steps), result.GetValue(rounds), Console.Out, Console.Error));
        return command;
    }

    private static int Run(string filter, int count, int threads, int steps, int rounds, TextWriter output, TextWriter error)
    {
        if (MujocoLibrary.UnavailableReason is { } reason)
        {
            error.WriteLine($"rlhf: {reason}");
            return 1;
        }

        IReadOnlyList<string> robots = new RobotFamily().Ids;
        if (count < 1 || threads < 1 || steps < 1 || rounds < 1 || (filter.Length > 0 && !robots.Contains(filter)))
        {
            error.WriteLine($"rlhf: --count, --threads, --steps and --rounds expect a number of at least 1, --env one of {string.Join(", ", robots)}");
            return 2;
        }

        output.WriteLine($"{Machine.Processor()}, {Environment.ProcessorCount} cores; MuJoCo {MujocoLibrary.Version}; {count} environments, {threads} threads, "
            + $"{rounds} rounds of {steps} steps; ratios are of the same round, lowest, median and highest");
        output.WriteLine($"{"robot",-26}{"steps/s",12}{"bare steps/s",14}{"wall ratio",24}{"processor ratio",24}");
        foreach (string id in robots.Where(id => filter.Length == 0 || id == filter))
            Measure(id, count, threads, steps, rounds, output);
        return 0;
    }

    private static void Measure(string id, int count, int threads, int steps, int rounds, TextWriter output)
    {
        // No episode ends inside a round: a reset has no counterpart on the other side.
        var options = new EnvironmentOptions { Form = TaskForm.Paper, Horizon = steps + 1 };
        using var vector = new VectorEnvironment([.. Enumerable.Range(0, count).Select(_ => EnvironmentCatalogue.Create(id, options))], threads, Seed);
        using var actions = new PreparedActions(vector.Spec.Actions, count, steps, Seed);
        using var bare = new BarePhysics(id, options, count);
        var ours = new (double Wall, double Processor)[rounds];
        var alone = new (double Wall, double Processor)[rounds];
        for (int round = -1; round < rounds; round++)
        {
            var first = Time(() => Step(vector, actions));
            var second = Time(() => bare.Run(actions, threads, Seed));
            if (round < 0)
                RequireSameStates(vector, bare);
            else
                (ours[round], alone[round]) = (first, second);
        }

        double total = (double)count * steps;
        output.WriteLine($"{id,-26}{total / Median(ours.Select(time => time.Wall)),12:F0}{total / Median(alone.Select(time => time.Wall)),14:F0}"
            + Spread(ours.Zip(alone, (a, b) => b.Wall / a.Wall)) + Spread(ours.Zip(alone, (a, b) => b.Processor / a.Processor)));
    }

    private static void Step(VectorEnvironment vector, PreparedActions actions)
    {
        vector.Reset(0);
        for (int step = 0; step < actions.Steps; step++)
            vector.Step(actions.Step(step));
    }

    /// <summary>Both sides must have computed the same, or their times mean nothing.</summary>
    private static void RequireSameStates(VectorEnvironment vector, BarePhysics bare)
    {
        double[] ours = new double[vector.Spec.StateLength], alone = new double[ours.Length];
        for (int n = 0; n < vector.Count; n++)
        {
            vector[n].CaptureState(ours);
            bare.CaptureState(n, alone);
            if (!ours.AsSpan().SequenceEqual(alone))
                throw new InvalidDataException($"environment {n} ({vector.Spec.Id}) ended in another state than MuJoCo alone; {vector.LastDivergence ?? "it did not diverge"}");
        }
    }

    private static (double Wall, double Processor) Time(Action work)
    {
        TimeSpan used = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }

    private static string Spread(IEnumerable<double> ratios)
    {
        double[] all = [.. ratios];
        return $"{$"{all.Min():F3} {Median(all):F3} {all.Max():F3}",24}";
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
