using System.CommandLine;
using Rlhf.Cli.Options;
using Rlhf.Models;
using Rlhf.Preferences;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary><c>rlhf prefs import</c>: labels from a file into a store, or questions that people are to answer.</summary>
internal sealed class ImportPrefs
{
    private const string Someone = "import";

    private readonly OptionSet _set = new();
    private readonly Option<string?> _database, _input, _kind, _name, _labeler, _instructions;

    private ImportPrefs()
    {
        _database = _set.AddOptional("db", "The store; made where there is none", "FILE", required: true);
        _input = _set.AddOptional("input", "JSON Lines: TRL's preferences or prompts with completions, rankings, clips of prefs export, questions (with answers wanted and priority)", "FILE", required: true);
        _kind = _set.AddOptional("kind", "What the file holds: preferences, rankings, demonstrations, clips or questions [default: what its first line looks like]", "KIND");
        _kind.AcceptOnlyFromAmong(LabelFile.Preferences, LabelFile.Rankings, LabelFile.Demonstrations, LabelFile.Clips, LabelFile.Questions);
        _name = _set.AddOptional(
            "name", "The run's name in the store, made where there is none [default: for clips the file's, else the store's only run of texts, or after the file]", "NAME");
        _labeler = _set.AddOptional("labeler", $"Whose labels they are; clips say it themselves [default: {Someone}]", "NAME");
        _instructions = _set.AddOptional("instructions", "What labelers of a new run of texts are told", "TEXT");
    }

    public static Command Create()
    {
        var verb = new ImportPrefs();
        Command command = verb._set.Command("import", "Take labels, or questions for labelers, from JSON Lines into a store");
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult result)
    {
        string input = result.GetRequiredValue(_input)!, database = result.GetRequiredValue(_database)!;

        string kind = result.GetValue(_kind) ?? LabelFile.Detect(input);
        if (kind is LabelFile.Clips or LabelFile.Questions && result.GetValue(_labeler) is { } labeler)
            throw new DataFormatException($"--labeler {labeler}: {input} is taken as {kind}, expected preferences, rankings or demonstrations");
        if (kind is LabelFile.Clips && result.GetValue(_instructions) is not null)
            throw new DataFormatException($"--instructions: {input} is taken as clips, which have their own");
        bool existed = File.Exists(database), keep = true;
        try
        {
            using var store = new PreferenceStore(database);
            try
            {
                string told = kind == LabelFile.Clips ? Clips(store, input, result.GetValue(_name)) : Texts(result, store, input, kind);
                result.InvocationConfiguration.Output.WriteLine($"{database}: {kind} of {input} {told}");
                return CommandLine.Success;
            }
            finally
            {
                keep = existed || store.GetRuns().Count > 0;
            }
        }
        finally
        {
            // A file that was refused leaves no new store behind; with its last connection SQLite's log went into the file.
            if (!keep)
                File.Delete(database);
        }
    }

    private static string Clips(PreferenceStore store, string input, string? name)
    {
        (long id, ExportCount count) = LabelImport.Clips(store, input, name);
        return $"into new run '{store.GetRun(id).Name}', {Told(count)}";
    }

    private string Texts(ParseResult result, PreferenceStore store, string input, string kind)
    {
        PreferenceRun run = FindOrDescribe(result, store, input);
        string into = $"into {(run.Id == 0 ? "new run" : "run")} '{run.Name}'", labeler = result.GetValue(_labeler) ?? Someone;
        return $"{into}, " + kind switch
        {
            LabelFile.Preferences => Told(LabelImport.Preferences(store, run, input, labeler)),
            LabelFile.Rankings => Told(LabelImport.Rankings(store, run, input, labeler)),
            LabelFile.Demonstrations => Told(LabelImport.Demonstrations(store, run, input, labeler)),
            _ => Ask(store, run, input),
        };
    }

    private static string Ask(PreferenceStore store, PreferenceRun run, string input)
    {
        long before = run.Id == 0 ? 0 : store.GetProgress(run.Id).Queries;
        int lines = LabelImport.Questions(store, run, input).Count;
        int asked = (int)(store.GetProgress(store.FindRun(run.Name)!.Id).Queries - before);
        return $"{asked} asked{LabelFile.LeftOut(lines - asked, "asked already")}";
    }

    private PreferenceRun FindOrDescribe(ParseResult result, PreferenceStore store, string input)
    {
        PreferenceRun[] texts = [.. store.GetRuns().Where(run => run.Kind == RunKind.Texts)];
        string? name = result.GetValue(_name), instructions = result.GetValue(_instructions);
        if (name is null && texts.Length > 1)
            throw new DataFormatException($"{store.Path}: {texts.Length} runs of texts{StoredRun.Expected(texts)}, or a new one");
        name ??= texts is [var only] ? only.Name : Path.GetFileNameWithoutExtension(input);
        return store.FindRun(name) switch
        {
            null => new PreferenceRun
            {
                Name = name,
                Environment = Path.GetFileName(input),
                Kind = RunKind.Texts,
                Instructions = instructions ?? "Which response to the prompt would you rather have? Judge by what it says, not by its length.",
            },
            { Kind: not RunKind.Texts } run => throw new DataFormatException($"{store.Path}: run '{name}' compares clips of {run.Environment}, expected --name of a run of texts or of a new one"),
            var run when instructions is null => run,
            _ => throw new DataFormatException($"--instructions: run '{name}' of {store.Path} has its own, expected none or --name of a new run"),
        };
    }

    private static string Told(ExportCount count) => $"{count.Labels} taken{LabelFile.LeftOut(count.LeftOut, "answered already")}";
}
