using System.CommandLine;
using Rlhf.Cli.Options;
using Rlhf.Models;
using Rlhf.Preferences;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary><c>rlhf prefs export</c>: a run's answers as JSON Lines; those about texts can be trained on as they are.</summary>
internal sealed class ExportPrefs
{
    private readonly OptionSet _set = new();
    private readonly Option<string?> _database, _name, _kind, _output;

    private ExportPrefs()
    {
        _database = _set.AddOptional("db", "The store", "FILE", required: true);
        _name = _set.AddOptional("name", "The run's name in the store [default: its only one]", "NAME");
        _kind = _set.AddOptional("kind", "Which answers: of preferences, rankings, demonstrations or clips [default: what the run has]", "KIND");
        _kind.AcceptOnlyFromAmong(LabelFile.Preferences, LabelFile.Rankings, LabelFile.Demonstrations, LabelFile.Clips);
        _output = _set.AddOptional("output", "JSON Lines to write; what was there is replaced once the new file is whole", "FILE", required: true);
    }

    public static Command Create()
    {
        var verb = new ExportPrefs();
        Command command = verb._set.Command("export", "Write a run's answers as JSON Lines: texts in TRL's formats, clips whole");
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult result)
    {
        using PreferenceStore store = StoredRun.Open(result.GetRequiredValue(_database)!);
        PreferenceRun run = StoredRun.Find(store, result.GetValue(_name));
        string path = result.GetRequiredValue(_output)!, kind = Kind(store, run, result.GetValue(_kind));
        (ExportCount count, string why) = kind switch
        {
            LabelFile.Preferences => (LabelExport.Preferences(store, run.Id, path), "ties and \"can't tell\""),
            LabelFile.Rankings => (LabelExport.Rankings(store, run.Id, path), "\"can't tell\""),
            LabelFile.Demonstrations => (LabelExport.Demonstrations(store, run.Id, path), "\"can't tell\""),
            _ => (LabelExport.Clips(store, run.Id, path), string.Empty),
        };
        result.InvocationConfiguration.Output.WriteLine($"{path}: {kind} of run '{run.Name}', {count.Labels} written{LabelFile.LeftOut(count.LeftOut, why)}");
        return CommandLine.Success;
    }

    private static string Kind(PreferenceStore store, PreferenceRun run, string? asked)
    {
        (string Kind, int Count)[] held =
        [
            .. store.GetLabels(run.Id).GroupBy(label => LabelFile.Of(label.Query.Kind)).Where(kind => kind.Key is not null)
                .Select(kind => (kind.Key!, kind.Count())).OrderBy(kind => kind.Item1, StringComparer.Ordinal),
        ];
        string has = $"{store.Path}: run '{run.Name}' has {(held.Length == 0 ? "no answers to write yet" : string.Join(", ", held.Select(kind => $"{kind.Kind} ({kind.Count})")))}";
        return held switch
        {
            [] => throw new DataFormatException(has),
            [var only] when asked is null => only.Kind,
            _ when held.Any(kind => kind.Kind == asked) => asked!,
            _ => throw new DataFormatException($"{has}{(asked is null ? ", expected --kind of one of them" : $" and no {asked}")}"),
        };
    }
}
