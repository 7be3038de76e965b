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
    private readonly OptionSet _set = new();
    private readonly Option<string> _suite;
    private readonly Option<string?> _tasks, _labels, _outputDir;
    private readonly Option<int> _seeds, _threads;
    private readonly Option<long> _steps;

    private BenchPrefs()
    {
        _suite = _set.AddChoice("suite", "Which figure", [.. BenchSuite.All.Select(suite => suite.Name)]);
        _tasks = _set.AddOptional("tasks", "Environments, with commas [default: the suite's]", "ID,ID");
        _labels = _set.AddOptional("labels", "Label counts, with commas [default: the suite's]", "N,N");
        _seeds = _set.AddNumber("seeds", "Seeds 1 to N of each run", 1, 1);
        _steps = _set.AddNumber("steps", "Environment steps of each run; 0: the suite's", 0L, 0L);
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
        string[] tasks = result.GetValue(_tasks)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [.. suite.Tasks];
        int[] labels = result.GetValue(_labels) is { } counts ? Counts(counts) : [.. suite.Labels];
        if (tasks.Except(suite.Tasks).FirstOrDefault() is { } stranger)
            throw new DataFormatException($"--tasks: '{stranger}' is not in suite {suite.Name}, expected some of {string.Join(", ", suite.Tasks)}");
        long steps = result.GetValue(_steps) is var given and > 0 ? given : suite.Steps;
        string directory = result.GetRequiredValue(_outputDir)!;
        IReadOnlyList<BenchCell> cells = suite.Cells(tasks, labels, result.GetValue(_seeds));
        foreach (BenchCell cell in cells)
        {
            string folder = Path.Combine(directory, cell.Folder);
            BenchRecord.Read(folder)?.RequireSame(cell.Folder, BenchOptions.Text(Command(cell)));
        }

        for (int i = 0; i < cells.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            await RunAsync(cells[i], Command(cells[i]), Path.Combine(directory, cells[i].Folder), output, $"{i + 1}/{cells.Count}").ConfigureAwait(false);
            BenchReport.Write(directory, suite, cells, steps);
        }

        output.WriteLine($"report: {Path.Combine(directory, "report.html")}");
        return CommandLine.Success;

        string[] Command(BenchCell cell) => cell.Command(Path.Combine(directory, cell.Folder), steps, suite.IsPixels, result.GetValue(_threads));
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
        : TrainingRun.HasCheckpoint(directory);

    private static int[] Counts(string text) =>
    [
        .. text.Split(',', StringSplitOptions.TrimEntries).Select(word =>
            int.TryParse(word, CultureInfo.InvariantCulture, out int count) && count > 0
                ? count
                : throw new DataFormatException($"--labels: '{word}' is not a number of labels, expected N,N above 0")),
    ];
}
