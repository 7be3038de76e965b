using System.Runtime.InteropServices;
using System.Text.Json;
using Rlhf.Preferences.Exchange;

namespace Rlhf.Preferences;

/// <summary>
/// A run's answers that count as JSON Lines. Texts have TRL's fields; clips are whole with what was seen, done and drawn. A file is written
/// aside and renamed, so that there is the whole of it or the old one.
/// </summary>
public static class LabelExport
{
    /// <summary>
    /// Pairs of texts: <c>prompt</c>, <c>chosen</c>, <c>rejected</c> (TRL's preference format), a line for each decided answer. Ties and "cannot tell"
    /// are left out and counted.
    /// </summary>
    public static ExportCount Preferences(PreferenceStore store, long runId, string path)
    {
        Label[] labels = Of(store, runId, QueryKind.TextPair);
        Label[] decided = [.. labels.Where(label => label.Judgement.Choice is Answer.Left or Answer.Right)];
        JsonlFile.Write(path, decided.Select<Label, Action<Utf8JsonWriter>>(label => writer =>
        {
            TextSample first = store.GetText(label.Query.Items[0]), second = store.GetText(label.Query.Items[1]);
            bool left = label.Judgement.Choice == Answer.Left;
            writer.WriteString("prompt", first.Prompt);
            writer.WriteString("chosen", left ? first.Response : second.Response);
            writer.WriteString("rejected", left ? second.Response : first.Response);
        }));
        return new ExportCount(decided.Length, labels.Length - decided.Length);
    }

    /// <summary>
    /// Rankings: <c>prompt</c>, <c>completions</c> [K], <c>ranks</c> [K] (1 is best, equal ranks are ties), <c>quality</c> [K] where given. The
    /// reward trainer reads it as it is.
    /// </summary>
    public static ExportCount Rankings(PreferenceStore store, long runId, string path)
    {
        Label[] labels = Of(store, runId, QueryKind.Ranking), ranked = [.. labels.Where(label => label.Judgement.Ranks is not null)];
        JsonlFile.Write(path, ranked.Select<Label, Action<Utf8JsonWriter>>(label => writer =>
        {
            TextSample[] texts = [.. label.Query.Items.Select(store.GetText)];
            writer.WriteString("prompt", texts[0].Prompt);
            writer.WriteStartArray("completions");
            foreach (TextSample text in texts)
                writer.WriteStringValue(text.Response);
            writer.WriteEndArray();
            WriteNumbers(writer, "ranks", label.Judgement.Ranks!);
            if (label.Judgement.Quality is IReadOnlyList<int> quality)
                WriteNumbers(writer, "quality", quality);
        }));
        return new ExportCount(ranked.Length, labels.Length - ranked.Length);
    }

    /// <summary>Demonstrations: <c>prompt</c>, <c>completion</c> (TRL's prompt-completion format).</summary>
    public static ExportCount Demonstrations(PreferenceStore store, long runId, string path)
    {
        Label[] labels = Of(store, runId, QueryKind.Demonstration), written = [.. labels.Where(label => label.Judgement.Text is not null)];
        JsonlFile.Write(path, written.Select<Label, Action<Utf8JsonWriter>>(label => writer =>
        {
            writer.WriteString("prompt", store.GetText(label.Query.Items[0]).Prompt);
            writer.WriteString("completion", label.Judgement.Text);
        }));
        return new ExportCount(written.Length, labels.Length - written.Length);
    }

    /// <summary>
    /// Pairs of clips with all four answers. The first line (<c>"type":"run"</c>) describes the run; a line of <c>"type":"segment"</c> stands before
    /// the first comparison of it: <c>id</c>, <c>step</c>, <c>length</c>, <c>observation_shape</c>, and in base64 of little-endian numbers
    /// <c>observations</c>, <c>actions</c>, <c>poses</c> (f32) and <c>states</c> (f64); <c>"type":"comparison"</c>: <c>first</c>, <c>second</c>
    /// (ids in this file), <c>answer</c> (Left is the first), <c>labeler</c>, <c>labeler_kind</c>, <c>at</c>, <c>step</c>, <c>predicted</c>.
    /// True rewards are never in it.
    /// </summary>
    public static ExportCount Clips(PreferenceStore store, long runId, string path)
    {
        PreferenceRun run = store.GetRun(runId);
        Label[] labels = Of(store, runId, QueryKind.ClipPair);
        JsonlFile.Write(path, ClipLines(store, run, labels));
        return new ExportCount(labels.Length, 0);
    }

    private static IEnumerable<Action<Utf8JsonWriter>> ClipLines(PreferenceStore store, PreferenceRun run, Label[] labels)
    {
        Dictionary<long, Labeler> labelers = store.GetLabelers().ToDictionary(labeler => labeler.Id);
        HashSet<long> written = [];
        yield return writer => WriteRun(writer, run);
        foreach (Label label in labels)
        {
            foreach (long id in label.Query.Items.Where(written.Add))
                yield return writer => WriteSegment(writer, store.GetSegment(id));
            yield return writer => WriteComparison(writer, label, labelers[label.LabelerId]);
        }
    }

    private static void WriteRun(Utf8JsonWriter writer, PreferenceRun run)
    {
        writer.WriteString("type", "run");
        writer.WriteString("name", run.Name);
        writer.WriteString("environment", run.Environment);
        writer.WriteString("kind", run.Kind.ToString());
        writer.WriteString("instructions", run.Instructions);
        writer.WriteString("scene", run.Scene);
        writer.WriteNumber("fps", run.FramesPerSecond);
        writer.WriteString("settings", run.Settings);
    }

    private static void WriteSegment(Utf8JsonWriter writer, Segment segment)
    {
        writer.WriteString("type", "segment");
        writer.WriteNumber("id", segment.Id);
        writer.WriteNumber("step", segment.Step);
        writer.WriteNumber("length", segment.Length);
        WriteNumbers(writer, "observation_shape", segment.ObservationShape);
        writer.WriteBase64String("observations", MemoryMarshal.AsBytes<float>(segment.Observations));
        writer.WriteBase64String("actions", MemoryMarshal.AsBytes<float>(segment.Actions));
        writer.WriteBase64String("states", MemoryMarshal.AsBytes<double>(segment.States));
        writer.WriteBase64String("poses", MemoryMarshal.AsBytes<float>(segment.Poses));
    }

    private static void WriteComparison(Utf8JsonWriter writer, Label label, Labeler labeler)
    {
        writer.WriteString("type", "comparison");
        writer.WriteNumber("first", label.Query.Items[0]);
        writer.WriteNumber("second", label.Query.Items[1]);
        writer.WriteString("answer", label.Judgement.Choice.ToString());
        writer.WriteString("labeler", labeler.Name);
        writer.WriteString("labeler_kind", labeler.Kind.ToString());
        writer.WriteString("at", label.At);
        writer.WriteNumber("step", label.Query.Step);
        if (label.Query.Predicted is double predicted)
            writer.WriteNumber("predicted", predicted);
    }

    private static Label[] Of(PreferenceStore store, long runId, QueryKind kind)
    {
        _ = store.GetRun(runId);
        return [.. store.GetLabels(runId).Where(label => label.Query.Kind == kind)];
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IReadOnlyList<int> numbers)
    {
        writer.WriteStartArray(name);
        foreach (int number in numbers)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}
