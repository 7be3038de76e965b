using System.Text.Json;
using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Models.Tokenization;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// Family tokenizers: strings.json holds texts with their ids and what the ids decode to, decode.json (where present) ids that
/// need not be valid UTF-8.
/// </summary>
internal static class TokenizersFamily
{
    public static void Run(CaseContext context)
    {
        CaseArguments arguments = context.Arguments;
        string package = arguments.Text("npm_package"), version = arguments.Text("npm_version");
        JsonElement files = arguments.Structure("files", JsonValueKind.Object);
        if (arguments.Boolean("add_special_tokens", false))
            throw new FixtureException("argument 'add_special_tokens' is true, understood is false");
        if (arguments.Boolean("clean_up_tokenization_spaces", false))
            throw new FixtureException("argument 'clean_up_tokenization_spaces' is true, understood is false");

        // How many strings other implementations agreed on.
        arguments.Remarks([.. arguments.Unread.Where(name =>
            name.StartsWith("agree_with_", StringComparison.Ordinal) || name.StartsWith("dropped_strings_", StringComparison.Ordinal))]);
        arguments.RejectUnread();

        var found = new Dictionary<string, string>();
        foreach (JsonProperty file in files.EnumerateObject())
        {
            string sha256 = CaseJson.Require(file.Value, $"arguments.files.{file.Name}", JsonValueKind.String).GetString()!;
            found[Path.GetFileName(file.Name)] = context.Assets.Find(file.Name, sha256, package, version);
        }

        BpeTokenizer tokenizer = Load(found);
        var ids = new List<long>();
        var offsets = new List<long> { 0 };
        bool strings = Read(context, "strings.json", required: true, (entry, index) =>
        {
            string text = CaseJson.Text(entry, "text");
            int[] encoded = tokenizer.Encode(text);
            ids.AddRange(Array.ConvertAll(encoded, id => (long)id));
            offsets.Add(ids.Count);
            CompareIds(context, $"strings.json[{index}].ids", encoded, Ids(entry));
            if (entry.TryGetProperty("decoded", out _))
                CompareText(context, $"strings.json[{index}].decoded", tokenizer.Decode(Ids(entry)), CaseJson.Text(entry, "decoded"));
        });
        Read(context, "decode.json", required: !strings, (entry, index) =>
            CompareText(context, $"decode.json[{index}].decoded", tokenizer.Decode(Ids(entry)), CaseJson.Text(entry, "decoded")));
        context.CheckExact("ids", ids.ToArray());
        context.CheckExact("offsets", offsets.ToArray());
    }

    private static BpeTokenizer Load(Dictionary<string, string> files)
    {
        if (files.TryGetValue("tokenizer.json", out string? json))
            return BpeTokenizer.Load(json);
        foreach ((string vocabulary, string merges) in new[] { ("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe") })
        {
            if (files.TryGetValue(vocabulary, out string? first) && files.TryGetValue(merges, out string? second))
                return BpeTokenizer.Load(first, second);
        }

        throw new FixtureException($"argument 'files' names {string.Join(", ", files.Keys)}: not the files of a tokenizer that is understood");
    }

    private static bool Read(CaseContext context, string name, bool required, Action<JsonElement, int> each)
    {
        string path = Path.Combine(context.Directory, name);
        if (!File.Exists(path))
            return required ? throw new FixtureException($"{name} is missing") : false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            int index = 0;
            foreach (JsonElement entry in CaseJson.Require(document.RootElement, name, JsonValueKind.Array).EnumerateArray())
                each(CaseJson.Require(entry, $"{name}[{index}]", JsonValueKind.Object), index++);
            return true;
        }
        catch (JsonException exception)
        {
            throw new FixtureException($"{name}: not JSON, line {exception.LineNumber + 1}: {exception.Message}", exception);
        }
    }

    private static int[] Ids(JsonElement entry) =>
        [.. CaseJson.Member(entry, "ids", JsonValueKind.Array).EnumerateArray().Select(id => CaseJson.Integer(id, "ids"))];

    private static void CompareIds(CaseContext context, string name, int[] got, int[] expected) =>
        Compare(context, name, Array.ConvertAll(got, id => (long)id), Array.ConvertAll(expected, id => (long)id));

    private static void CompareText(CaseContext context, string name, string got, string expected) =>
        Compare(context, name, [.. got.Select(character => (long)character)], [.. expected.Select(character => (long)character)]);

    /// <summary>The first place where two sequences differ; an end is −1.</summary>
    private static void Compare(CaseContext context, string name, long[] got, long[] expected)
    {
        int at = got.AsSpan().CommonPrefixLength(expected);
        bool same = at == got.Length && at == expected.Length;
        double left = at < got.Length ? got[at] : -1, right = at < expected.Length ? expected[at] : -1;
        context.Check(new Mismatch(name, same ? string.Empty : $"[{at}]", left, right, Math.Abs(left - right), 0, same ? 0 : 1, expected.Length));
    }
}
