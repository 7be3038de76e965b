using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Rlhf.Cli.Options;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>
/// <c>rlhf prefs bench</c>: the paper's figures as a grid of runs, each of them the command that it prints. Killed at any time it goes on:
/// finished runs are kept, the interrupted one resumes from its checkpoint.
/// </summary>
internal sealed class BenchPrefs
{
    private static readonly string[] Own =
        ["--env", "--algorithm", "--labels", "--ablation", "--steps", "--seed", "--threads", "--output_dir", "--db", "--resume_from_checkpoint"];

    private readonly OptionSet _set = new();
    private readonly Option<string> _suite;
    private readonly Option<string?> _tasks, _labels, _outputDir;
    private readonly Option<int> _seeds, _threads;
    private readonly Option<long> _steps;
    private readonly Option<string[]> _with;

    private BenchPrefs()
    {
        _suite = _set.AddChoice("suite", "Which figure", [.. BenchSuite.All.Select(suite => suite.Name)]);
        _tasks = _set.AddOptional("tasks", "Environments, with commas [default: the suite's]", "ID,ID");
        _labels = _set.AddOptional("labels", "Label counts, with commas [default: the suite's]", "N,N");
        _seeds = _set.AddNumber("seeds", "Seeds 1 to N of each run", 1, 1);
        _steps = _set.AddNumber("steps", "Environment steps of each run; 0: the task's own", 0L, 0L);
        _with = _set.AddSeveral("with", "Options of every run, of the true reward and of labels alike, such as \"--gamma 0.95\"; they take the place of the task's own", "\"--NAME VALUE\"");
        _outputDir = _set.AddOptional("output_dir", "Where the grid goes: a folder a run, report.json and report.html", "DIR", required: true);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new BenchPrefs();
        Command command = verb._set.Command("bench", "Run the paper's comparisons as a grid that goes on after any kill, and draw its figures");
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        BenchSuite suite = BenchSuite.All.Single(candidate => candidate.Name == result.GetValue(_suite));
        BenchTask[] tasks = [.. Tasks(result, suite)];
        int[] labels = result.GetValue(_labels) is { } counts ? [.. Counts(counts).Distinct()] : [.. suite.Labels];
        string directory = result.GetRequiredValue(_outputDir)!;
        BenchOptions extra = Extra(result);
        IReadOnlyList<BenchCell> cells = suite.Cells(tasks, labels, result.GetValue(_seeds));
        RequireRunnable(cells.Select(Command));
        foreach (BenchCell cell in cells)
            BenchRecord.Read(Path.Combine(directory, cell.Folder))?.RequireSame(cell.Folder, BenchOptions.Text(Command(cell)));
        for (int i = 0; i < cells.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            await RunAsync(cells[i], Command(cells[i]), Path.Combine(directory, cells[i].Folder), output, $"{i + 1}/{cells.Count}").ConfigureAwait(false);
            BenchReport.Write(directory, suite, cells);
        }

        output.WriteLine($"report: {Path.Combine(directory, "report.html")}");
        return CommandLine.Success;

        string[] Command(BenchCell cell) => cell.Command(Path.Combine(directory, cell.Folder), result.GetValue(_threads), extra);
    }

    private static async Task RunAsync(BenchCell cell, string[] command, string directory, TextWriter output, string position)
    {
        BenchRecord? before = BenchRecord.Read(directory);
        if (before is { Seconds: not null })
        {
            output.WriteLine($"{position} {cell.Folder}: done before");
            return;
        }

        bool resume = before is not null && CanResume(cell, directory);
        if (!resume && Directory.Exists(directory))
            Directory.Delete(directory, recursive: true); // Killed before there was anything to go on from.
        var record = new BenchRecord(BenchOptions.Text(command), null, resume);
        record.Write(directory);
        output.WriteLine($"{position} rlhf {record.Command}{(resume ? " --resume_from_checkpoint true" : string.Empty)}");
        long start = Stopwatch.GetTimestamp();
        using var log = new StringWriter();
        using var errors = new StringWriter();
        int code = await CommandLine.RunAsync([.. command, "--resume_from_checkpoint", resume ? "true" : "false"], log, errors).ConfigureAwait(false);
        if (code != CommandLine.Success)
            throw new DataFormatException($"{cell.Folder} failed: {errors.ToString().Trim()}");
        (record with { Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds }).Write(directory);
    }

    // Labels are kept from the first one on, a policy from its first checkpoint.
    private static bool CanResume(BenchCell cell, string directory) => cell.Labels > 0
        ? File.Exists(Path.Combine(directory, "preferences.db"))
        : TrainingRun.HasCheckpoint(directory) || TrainingRun.IsFinished(directory);

    private IEnumerable<BenchTask> Tasks(ParseResult result, BenchSuite suite)
    {
        string[] ids = result.GetValue(_tasks)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [.. suite.Tasks.Select(task => task.Id)];
        long steps = result.GetValue(_steps);
        foreach (string id in ids.Distinct())
        {
            BenchTask task = suite.Tasks.FirstOrDefault(candidate => candidate.Id == id)
                ?? throw new DataFormatException($"--tasks: '{id}' is not in suite {suite.Name}, expected some of {string.Join(", ", suite.Tasks.Select(known => known.Id))}");
            yield return steps > 0 ? task with { Steps = steps } : task;
        }
    }

    private BenchOptions Extra(ParseResult result)
    {
        var extra = BenchOptions.Parse(string.Join(' ', result.GetValue(_with) ?? []), "--with");
        return extra.Names.FirstOrDefault(Own.Contains) is { } name
            ? throw new DataFormatException($"--with: {name} is the grid's own, expected other options of control train and prefs train")
            : extra;
    }

    // What cannot be parsed fails before hours have gone into the runs before it.
    private static void RequireRunnable(IEnumerable<string[]> commands)
    {
        RootCommand root = CommandLine.CreateRoot();
        foreach (string[] command in commands)
        {
            if (root.Parse(command).Errors is [var error, ..])
                throw new DataFormatException($"--with: {error.Message.TrimEnd('.')} (in {command[0]} {command[1]}, as every run takes it)");
        }
    }

    private static int[] Counts(string text) =>
    [
        .. text.Split(',', StringSplitOptions.TrimEntries).Select(word =>
            int.TryParse(word, CultureInfo.InvariantCulture, out int count) && count > 0
                ? count
                : throw new DataFormatException($"--labels: '{word}' is not a number of labels, expected N,N above 0")),
    ];
}
