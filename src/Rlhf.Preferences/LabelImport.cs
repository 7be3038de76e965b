using System.Text.Json;
using Rlhf.Preferences.Exchange;
using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences;

/// <summary>
/// Takes the files that <see cref="LabelExport"/> writes, or others of TRL's formats, as labels; or as questions still to be answered. A file is
/// taken whole, in one transaction, or not at all; what is wrong is named by file, line and field. Labels that the store has already
/// (the same question, the same labeler) are left out and counted, so that a file may be taken twice.
/// </summary>
public static class LabelImport
{
    /// <summary>Decided pairs of texts: <c>prompt</c>, <c>chosen</c>, <c>rejected</c>.</summary>
    /// <param name="store">Takes them.</param>
    /// <param name="runId">A run of texts.</param>
    /// <param name="path">The file.</param>
    /// <param name="labeler">Under whose name they are stored; added where there is none.</param>
    public static ExportCount Preferences(PreferenceStore store, long runId, string path, string labeler) =>
        Preferences(store, store.GetRun(runId), path, labeler);

    /// <inheritdoc cref="Preferences(PreferenceStore, long, string, string)"/>
    /// <param name="store">Takes them.</param>
    /// <param name="run">A run of texts of the store; without an id a new one, added in the same transaction.</param>
    /// <param name="path">The file.</param>
    /// <param name="labeler">Under whose name they are stored; added where there is none.</param>
    public static ExportCount Preferences(PreferenceStore store, PreferenceRun run, string path, string labeler) =>
        Texts(store, run, path, labeler, QueryKind.TextPair, line =>
            (line.Text("prompt"), [line.NotEmpty("chosen"), line.NotEmpty("rejected")], Judgement.Of(Answer.Left)));

    /// <summary>Rankings: <c>prompt</c>, <c>completions</c> of 4 to 9, <c>ranks</c>, optionally <c>quality</c>.</summary>
    /// <inheritdoc cref="Preferences(PreferenceStore, long, string, string)"/>
    public static ExportCount Rankings(PreferenceStore store, long runId, string path, string labeler) =>
        Rankings(store, store.GetRun(runId), path, labeler);

    /// <inheritdoc cref="Rankings(PreferenceStore, long, string, string)"/>
    /// <inheritdoc cref="Preferences(PreferenceStore, PreferenceRun, string, string)" path="/param"/>
    public static ExportCount Rankings(PreferenceStore store, PreferenceRun run, string path, string labeler) =>
        Texts(store, run, path, labeler, QueryKind.Ranking, line =>
            (line.Text("prompt"), line.Texts("completions"), Judgement.Ranking(line.Integers("ranks"), line.Has("quality") ? line.Integers("quality") : null)));

    /// <summary>Demonstrations: <c>prompt</c>, <c>completion</c>.</summary>
    /// <inheritdoc cref="Preferences(PreferenceStore, long, string, string)"/>
    public static ExportCount Demonstrations(PreferenceStore store, long runId, string path, string labeler) =>
        Demonstrations(store, store.GetRun(runId), path, labeler);

    /// <inheritdoc cref="Demonstrations(PreferenceStore, long, string, string)"/>
    /// <inheritdoc cref="Preferences(PreferenceStore, PreferenceRun, string, string)" path="/param"/>
    public static ExportCount Demonstrations(PreferenceStore store, PreferenceRun run, string path, string labeler) =>
        Texts(store, run, path, labeler, QueryKind.Demonstration, line =>
            (line.NotEmpty("prompt"), [""], Judgement.Demonstration(line.NotEmpty("completion"))));

    // Each by another labeler: more are a slip, and each takes a row until it is there.
    private const int MostAnswers = 1000;

    /// <summary>
    /// Questions for labelers: <c>prompt</c> alone asks for a demonstration, with <c>completions</c> of 2 for a pair, of 4 to 9 for a ranking;
    /// <c>models</c> names who wrote each, and a pair with it is a blind vote where <c>vote</c> is true. <c>answers</c> (1 to 1000, default 1)
    /// labelers are asked, each once: 2 or more measure how far they agree. The highest <c>priority</c> (a whole number, default 0) comes first.
    /// A question that the store has already keeps its own.
    /// </summary>
    /// <returns>The queries' ids, in the file's order; those of questions that were there before among them.</returns>
    public static IReadOnlyList<long> Questions(PreferenceStore store, long runId, string path) => Questions(store, store.GetRun(runId), path);

    /// <inheritdoc cref="Questions(PreferenceStore, long, string)"/>
    /// <inheritdoc cref="Preferences(PreferenceStore, PreferenceRun, string, string)" path="/param"/>
    public static IReadOnlyList<long> Questions(PreferenceStore store, PreferenceRun run, string path)
    {
        List<Question> questions = [];
        foreach (JsonlLine line in JsonlFile.Read(path))
        {
            string prompt = line.NotEmpty("prompt");
            string[] completions = line.Has("completions") ? line.Texts("completions") : [""];
            string[] models = line.Has("models") ? line.Texts("models") : [.. completions.Select(_ => "")];
            if (models.Length != completions.Length)
                throw line.Error("models", $"{models.Length} elements, expected {completions.Length} as in 'completions'");
            bool vote = line.Has("vote") && line.Root.GetProperty("vote").ValueKind == JsonValueKind.True;
            QueryKind kind = completions.Length switch
            {
                1 => QueryKind.Demonstration,
                2 => vote ? QueryKind.BlindVote : QueryKind.TextPair,
                >= 4 and <= 9 => QueryKind.Ranking,
                int count => throw line.Error("completions", $"{count} elements, expected 2 for a pair or 4 to 9 for a ranking"),
            };
            int answers = line.IntegerOr("answers", 1, 1, MostAnswers), priority = line.IntegerOr("priority", 0, int.MinValue, int.MaxValue);
            questions.Add(new Question(line, kind, prompt, completions, models, answers, priority));
        }

        long now = store.Now;
        return store.Write<IReadOnlyList<long>>(database =>
        {
            long id = IdOf(database, run, now);
            return [.. questions.Select(question => Named(question.Line, () =>
            {
                Query query = Ask(database, id, question.Kind, question.Prompt, question.Completions, question.Models, now);
                return Queries.Add(database, query with { AnswersWanted = question.Answers, Priority = question.Priority }, now);
            }))];
        });
    }

    /// <summary>Clips with their comparisons, as a run of its own.</summary>
    /// <param name="store">Takes them.</param>
    /// <param name="path">A file of <see cref="LabelExport.Clips"/>.</param>
    /// <param name="name">The new run's name; null for that in the file.</param>
    /// <returns>The run, and how many labels it has.</returns>
    public static (long RunId, ExportCount Count) Clips(PreferenceStore store, string path, string? name = null)
    {
        IReadOnlyList<JsonlLine> lines = JsonlFile.Read(path);
        PreferenceRun run = ClipLines.Run(lines[0]);
        run = run with { Name = name ?? run.Name };
        List<(JsonlLine Line, long Id, Segments.Packed Segment)> segments = [];
        List<(JsonlLine Line, ClipLines.Comparison Comparison)> comparisons = [];
        HashSet<long> known = [];
        foreach (JsonlLine line in lines.Skip(1))
        {
            switch (line.Text("type"))
            {
                case "segment":
                    Segment segment = ClipLines.Segment(line);
                    if (!known.Add(segment.Id))
                        throw line.Error("id", $"segment {segment.Id} stands in the file twice");
                    segments.Add((line, segment.Id, Named(line, () => Segments.Pack(segment))));
                    break;
                case "comparison":
                    comparisons.Add((line, ClipLines.ReadComparison(line, known)));
                    break;
                case string other:
                    throw line.Error("type", $"'{other}', expected 'segment' or 'comparison'");
            }
        }

        long now = store.Now;
        return store.Write(database =>
        {
            long id = Named(lines[0], () => Runs.Add(database, run, now));
            Dictionary<long, long> ids = segments.ToDictionary(
                each => each.Id, each => Named(each.Line, () => Segments.Add(database, each.Segment.OfRun(id), now)));
            Dictionary<(long, long), int> wanted = comparisons.GroupBy(each => each.Comparison.Pair).ToDictionary(pair => pair.Key, pair => pair.Count());
            int taken = 0;
            foreach ((JsonlLine line, ClipLines.Comparison each) in comparisons)
            {
                Query query = new()
                {
                    RunId = id,
                    Items = [ids[each.First], ids[each.Second]],
                    Step = each.Step,
                    Predicted = each.Predicted,
                    AnswersWanted = wanted[each.Pair],
                };
                taken += Named(line, () => Import.Answer(database, query, each.Labeler, each.LabelerKind, Judgement.Of(each.Answer), each.At, now)) ? 1 : 0;
            }

            return (id, new ExportCount(taken, comparisons.Count - taken));
        });
    }

    private static ExportCount Texts(
        PreferenceStore store, PreferenceRun run, string path, string labeler, QueryKind kind,
        Func<JsonlLine, (string Prompt, string[] Responses, Judgement Judgement)> read)
    {
        List<(JsonlLine Line, (string Prompt, string[] Responses, Judgement Judgement) Label)> labels = [.. JsonlFile.Read(path).Select(line => (line, read(line)))];
        long now = store.Now;
        return store.Write(database =>
        {
            long id = IdOf(database, run, now);
            int taken = 0;
            foreach ((JsonlLine line, (string prompt, string[] responses, Judgement judgement)) in labels)
            {
                taken += Named(line, () =>
                {
                    Query query = Ask(database, id, kind, prompt, responses, [.. responses.Select(_ => "")], now);
                    return Import.Answer(database, query, labeler, LabelerKind.Human, judgement, now, now);
                }) ? 1 : 0;
            }

            return new ExportCount(taken, labels.Count - taken);
        });
    }

    private sealed record Question(JsonlLine Line, QueryKind Kind, string Prompt, string[] Completions, string[] Models, int Answers, int Priority);

    private static long IdOf(Database database, PreferenceRun run, long now) => run.Id != 0 ? run.Id : Runs.Add(database, run, now);

    private static Query Ask(Database database, long runId, QueryKind kind, string prompt, string[] responses, string[] models, long now) => new()
    {
        RunId = runId,
        Kind = kind,
        Items =
        [
            .. responses.Zip(models, (response, model) =>
                Storage.Texts.Add(database, new TextSample(0, runId, prompt, response, model), now)),
        ],
    };

    /// <summary>What the store says of a line's values gets the line's number.</summary>
    private static T Named<T>(JsonlLine line, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ArgumentException error)
        {
            throw line.Error(error);
        }
    }
}
