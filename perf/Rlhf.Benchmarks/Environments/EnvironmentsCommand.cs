using System.CommandLine;
using Rlhf.Benchmarks.Harness;
using Rlhf.Environments.Mujoco;
using Rlhf.Models.Native;

namespace Rlhf.Benchmarks.Environments;

/// <summary>
/// <c>bench environments</c>: steps a second of robots side by side, with and without a policy, beside MuJoCo alone on the same actions and
/// threads; then what asking a learned reward adds to a policy's steps. <c>bench control</c> is the rows with a policy alone.
/// </summary>
internal static class EnvironmentsCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create() =>
        Create("environments", "Time environments side by side, without and with a policy, and bare mj_step, in alternating rounds", "", withPrepared: true);

    /// <summary>The command that times acting only.</summary>
    public static Command CreateControl() =>
        Create("control", "Time a policy acting in environments side by side, and bare mj_step, in alternating rounds", "hopper", withPrepared: false);

    private static Command Create(string name, string description, string robot, bool withPrepared)
    {
        var json = new Option<FileInfo?>("--json") { Description = "Write the rows as a JSON array", HelpName = "FILE" };
        var filter = new Option<string>("--env") { Description = "Only this robot", HelpName = "ID", DefaultValueFactory = _ => robot };
        var count = new Option<int>("--count") { Description = "Environments", DefaultValueFactory = _ => 8 };
        var threads = new Option<int>("--threads") { Description = "Threads of both sides", DefaultValueFactory = _ => 2 };
        var steps = new Option<int>("--steps") { Description = "Steps of each environment in a round", DefaultValueFactory = _ => 1000 };
        var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are reported", DefaultValueFactory = _ => 9 };
        var command = new Command(name, description) { json, filter, count, threads, steps, rounds };
        command.SetAction(result =>
        {
            int[] numbers = [result.GetValue(count), result.GetValue(threads), result.GetValue(steps), result.GetValue(rounds)];
            return Run(result.GetValue(json), result.GetValue(filter)!, numbers, withPrepared, Console.Out, Console.Error);
        });
        return command;
    }

    private static int Run(FileInfo? json, string filter, int[] numbers, bool withPrepared, TextWriter output, TextWriter error)
    {
        if (MujocoLibrary.UnavailableReason is { } reason)
        {
            error.WriteLine($"rlhf: {reason}");
            return 1;
        }

        IReadOnlyList<string> robots = new RobotFamily().Ids;
        if (numbers.Min() < 1 || (filter.Length > 0 && !robots.Contains(filter)))
        {
            error.WriteLine($"rlhf: --count, --threads, --steps and --rounds expect a number of at least 1, --env one of {string.Join(", ", robots)}");
            return 2;
        }

        var race = new RobotRace(numbers[0], numbers[1], numbers[2], numbers[3]);
        var rows = new List<object>();
        output.WriteLine($"{Machine.Processor()}, {Environment.ProcessorCount} cores; {race.Description}");
        output.WriteLine(RobotRace.Header);
        try
        {
            string[] chosen = [.. robots.Where(id => filter.Length == 0 || id == filter)];
            // libtorch, which the policy's network needs, is loaded after the rows that do without.
            foreach (string id in withPrepared ? chosen : [])
                Add(race.Prepared(id));
            if (TorchLibrary.UnavailableReason is { } missing)
            {
                output.WriteLine($"a policy is not measured: {missing}");
            }
            else
            {
                TorchLibrary.SetThreads(numbers[1]);
                foreach (string id in chosen)
                    Add(race.WithPolicy(id));
                if (withPrepared)
                    output.WriteLine(RobotRace.RewardHeader);
                foreach (string id in withPrepared ? chosen : [])
                {
                    RewardRow row = race.WithReward(id);
                    rows.Add(row);
                    output.WriteLine(RobotRace.Line(row));
                }
            }
        }
        catch (InvalidDataException exception)
        {
            error.WriteLine($"rlhf: {exception.Message}");
            return 1;
        }

        if (json is not null)
            Report.Save(json.FullName, rows);
        return 0;

        void Add(EnvironmentRow row)
        {
            rows.Add(row);
            output.WriteLine(RobotRace.Line(row));
        }
    }
}
