using Rlhf.Models;

namespace Rlhf.Training.Data;

/// <summary>
/// Reads data sets of JSON Lines (TRL's field names) and tokenizes them. Each method is one data-set type; a field that is missing or of
/// another kind, a token id without a row in the embedding and a file without examples are one-line errors.
/// </summary>
/// <param name="encoder">Tokenizer and vocabulary.</param>
/// <param name="format">How completions become tokens.</param>
public sealed class DatasetReader(TextEncoder encoder, ResponseFormat format)
{
    /// <summary>The kind of a data set, by the fields of its first line.</summary>
    /// <exception cref="DataFormatException">No line, or none of the fields; lists what was looked for.</exception>
    public static DatasetKind Detect(string path)
    {
        if (Path.GetExtension(path) == ".txt")
            return DatasetKind.Text;
        foreach (JsonLine line in JsonLines.Read(path))
        {
            if (line.Has("completions"))
                return DatasetKind.Ranking;
            if (line.Has("chosen") || line.Has("chosen_ids"))
                return DatasetKind.Preference;
            if (line.Has("completion"))
                return DatasetKind.PromptCompletion;
            if (line.Has("text") || line.Has("input_ids"))
                return DatasetKind.Text;
            return line.Has("prompt")
                ? DatasetKind.Prompt
                : throw new DataFormatException(
                    $"{path}: line {line.Number}: none of the fields 'text', 'input_ids', 'prompt', 'completion', 'chosen', 'completions'");
        }

        throw new DataFormatException($"{path}: no examples, the data set is empty");
    }

    /// <summary>
    /// Language modelling: lines with <c>text</c> or <c>input_ids</c>; a <c>.txt</c> file is one document.
    /// </summary>
    public IReadOnlyList<TokenText> Texts(params IEnumerable<string> paths) => Whole(paths, path => Path.GetExtension(path) == ".txt"
        ? [encoder.Encode(ReadAll(path))]
        : JsonLines.Read(path).Select(line => TextOrIds(line, "text", "input_ids")));

    /// <summary>Prompt-only: lines with <c>prompt</c> or <c>input_ids</c>.</summary>
    public IReadOnlyList<TokenText> Prompts(params IEnumerable<string> paths) =>
        Whole(paths, path => JsonLines.Read(path).Select(line => NotEmpty(line, "prompt", TextOrIds(line, "prompt", "input_ids"))));

    /// <summary>Prompt-completion: lines with <c>prompt</c> and <c>completion</c>.</summary>
    public IReadOnlyList<PromptCompletion> PromptCompletions(params IEnumerable<string> paths) =>
        Whole(paths, path => JsonLines.Read(path).Select(line => new PromptCompletion(
            encoder.Encode(line.Text("prompt")),
            NotEmpty(line, "completion", format.Encode(encoder, line.Text("completion"))))));

    /// <summary>
    /// Preference: lines with <c>chosen</c> and <c>rejected</c> (or <c>chosen_ids</c> and <c>rejected_ids</c>), optionally
    /// <c>prompt</c> and <c>margin</c>.
    /// </summary>
    public IReadOnlyList<Preference> Preferences(params IEnumerable<string> paths) => Whole(paths, path => JsonLines.Read(path).Select(line =>
        new Preference(
            line.Has("prompt") ? encoder.Encode(line.Text("prompt")) : new TokenText("", []),
            Completion(line, "chosen"),
            Completion(line, "rejected"),
            line.OptionalNumber("margin") ?? 0)));

    /// <summary>Ranking: lines with <c>prompt</c>, <c>completions</c> (two or more) and <c>ranks</c> (as many; smaller is better).</summary>
    public IReadOnlyList<Ranking> Rankings(params IEnumerable<string> paths) => Whole(paths, path => JsonLines.Read(path).Select(line =>
    {
        string[] completions = line.Texts("completions");
        int[] ranks = line.Integers("ranks");
        if (completions.Length < 2)
            throw line.Error("completions", $"{completions.Length} elements, expected at least 2");
        if (ranks.Length != completions.Length)
            throw line.Error("ranks", $"{ranks.Length} elements, expected {completions.Length} as in 'completions'");
        return new Ranking(
            encoder.Encode(line.Text("prompt")),
            [.. completions.Select((text, i) => NotEmpty(line, $"completions[{i}]", format.Encode(encoder, text)))],
            ranks);
    }));

    private static List<T> Whole<T>(IEnumerable<string> paths, Func<string, IEnumerable<T>> read)
    {
        List<T> examples = [];
        foreach (string path in paths)
        {
            int before = examples.Count;
            examples.AddRange(read(path));
            if (examples.Count == before)
                throw new DataFormatException($"{path}: no examples, the data set is empty");
        }

        return examples.Count > 0 ? examples : throw new DataFormatException("dataset: no files, expected at least one");
    }

    private static string ReadAll(string path)
    {
        using StreamReader reader = JsonLines.Open(path);
        try
        {
            return reader.ReadToEnd();
        }
        catch (Exception error) when (error is IOException or System.Text.DecoderFallbackException)
        {
            throw new DataFormatException($"{path}: not UTF-8 text", error);
        }
    }

    private TokenText Completion(JsonLine line, string field)
    {
        string ids = $"{field}_ids";
        if (!line.Has(ids))
            return NotEmpty(line, field, format.Encode(encoder, line.Text(field)));
        TokenText given = FromIds(line, ids);
        return NotEmpty(line, ids, given with { Ids = format.Finish(encoder, given.Ids) });
    }

    private TokenText TextOrIds(JsonLine line, string text, string ids) =>
        line.Has(ids) && !line.Has(text) ? FromIds(line, ids) : encoder.Encode(line.Text(text));

    private TokenText FromIds(JsonLine line, string field)
    {
        try
        {
            return encoder.FromIds(line.Integers(field));
        }
        catch (DataFormatException error) when (!error.Message.StartsWith(line.Path, StringComparison.Ordinal))
        {
            throw line.Error(field, error.Message);
        }
    }

    private static TokenText NotEmpty(JsonLine line, string field, TokenText text) =>
        text.Ids.Length > 0 ? text : throw line.Error(field, "empty, expected at least one token");
}
