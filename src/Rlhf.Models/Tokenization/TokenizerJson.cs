using System.Text.Encodings.Web;
using System.Text.Json;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// Hugging Face's <c>tokenizer.json</c>, as far as byte-level BPE goes. A component that would change the ids and is not supported is
/// refused by the name of its field; truncation, padding and the post-processor concern sequences, not text, and are the caller's.
/// </summary>
internal static class TokenizerJson
{
    public static BpeDefinition Read(string path)
    {
        using JsonDocument document = VocabularyFiles.ReadJson(path);
        JsonElement root = document.RootElement;
        try
        {
            JsonElement model = Field(path, root, "model");
            RequireModel(path, model);
            Dictionary<string, int> vocabulary = VocabularyFiles.ReadVocabulary($"{path}: model.vocab", Field(path, model, "vocab"));
            return new BpeDefinition(path, vocabulary, ReadMerges(path, Field(path, model, "merges")), ReadAdded(path, root, vocabulary))
            {
                Splitter = ReadSplitter(path, Optional(root, "pre_tokenizer")),
                NormalizesToNfc = ReadNormalizer(path, Optional(root, "normalizer")),
                IgnoreMerges = Flag(model, "ignore_merges"),
                PostProcessor = Optional(root, "post_processor")?.GetRawText(),
            };
        }
        catch (InvalidOperationException error)
        {
            throw new DataFormatException($"{path}: {error.Message}", error);
        }
    }

    public static void Write(BpeDefinition definition, Stream stream)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (AddedToken token in definition.Added)
            json.WriteRawValue(JsonSerializer.Serialize(new { id = token.Id, content = token.Content, single_word = false, lstrip = false, rstrip = false, normalized = false, special = token.Special }));
        json.WriteEndArray();
        json.WritePropertyName("normalizer");
        json.WriteRawValue(definition.NormalizesToNfc ? """{"type":"NFC"}""" : "null");
        json.WritePropertyName("pre_tokenizer");
        json.WriteRawValue(PreTokenizer(definition.Splitter));
        json.WritePropertyName("post_processor");
        json.WriteRawValue(definition.PostProcessor ?? ByteLevelJson(useRegex: true));
        json.WritePropertyName("decoder");
        json.WriteRawValue(ByteLevelJson(useRegex: true));
        WriteModel(definition, json);
        json.WriteEndObject();
    }

    private static void WriteModel(BpeDefinition definition, Utf8JsonWriter json)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteString("continuing_subword_prefix", "");
        json.WriteString("end_of_word_suffix", "");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", definition.IgnoreMerges);
        json.WritePropertyName("vocab");
        VocabularyFiles.WriteVocabulary(definition, json);
        json.WriteStartArray("merges");
        foreach ((string left, string right) in definition.Merges)
            json.WriteStringValue($"{left} {right}");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string ByteLevelJson(bool useRegex) =>
        $$"""{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":{{(useRegex ? "true" : "false")}}}""";

    private static string PreTokenizer(PieceSplitter splitter) => splitter.Expression is not { } expression
        ? ByteLevelJson(useRegex: true)
        : $$"""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":{{JsonSerializer.Serialize(expression)}}},"behavior":"Isolated","invert":false},{{ByteLevelJson(useRegex: false)}}]}""";

    private static void RequireModel(string path, JsonElement model)
    {
        string type = Optional(model, "type")?.GetString() ?? "BPE";
        Require(type == "BPE", path, "model.type", type, "BPE");
        Require(Optional(model, "dropout") is not { } dropout || dropout.GetDouble() == 0, path, "model.dropout", "set", "null");
        Require(string.IsNullOrEmpty(Optional(model, "continuing_subword_prefix")?.GetString()), path, "model.continuing_subword_prefix", "set", "none");
        Require(string.IsNullOrEmpty(Optional(model, "end_of_word_suffix")?.GetString()), path, "model.end_of_word_suffix", "set", "none");
        Require(!Flag(model, "byte_fallback"), path, "model.byte_fallback", "true", "false");
    }

    private static List<(string Left, string Right)> ReadMerges(string path, JsonElement merges)
    {
        List<(string, string)> pairs = [];
        foreach (JsonElement merge in merges.EnumerateArray())
        {
            string[] pair = merge.ValueKind == JsonValueKind.Array
                ? [.. merge.EnumerateArray().Select(side => side.GetString() ?? "")]
                : (merge.GetString() ?? "").Split(' ');
            if (pair is not [{ Length: > 0 } left, { Length: > 0 } right])
                throw new DataFormatException($"{path}: model.merges[{pairs.Count}] is not a pair of tokens");
            pairs.Add((left, right));
        }

        return pairs;
    }

    private static List<AddedToken> ReadAdded(string path, JsonElement root, Dictionary<string, int> vocabulary)
    {
        List<AddedToken> added = [];
        foreach (JsonElement token in Optional(root, "added_tokens")?.EnumerateArray() ?? default)
        {
            string at = $"added_tokens[{added.Count}]";
            string content = Field(path, token, "content").GetString() ?? "";
            JsonElement idField = Field(path, token, "id");
            if (content.Length == 0 || !idField.TryGetInt32(out int id))
                throw new DataFormatException($"{path}: {at}: content is empty or id is not an integer");
            foreach (string flag in new[] { "single_word", "lstrip", "rstrip" })
                Require(!Flag(token, flag), path, $"{at}.{flag}", $"true ('{content}')", "false");
            bool normalizes = Optional(root, "normalizer") is not null && Flag(token, "normalized");
            Require(!normalizes, path, $"{at}.normalized", $"true ('{content}') with a normalizer", "false");
            if (added.Any(other => other.Content == content || other.Id == id) || (vocabulary.TryGetValue(content, out int known) && known != id))
                throw new DataFormatException($"{path}: {at}: '{content}' or its id {id} is already taken");
            added.Add(new AddedToken(id, content, Flag(token, "special")));
        }

        return added;
    }

    private static bool ReadNormalizer(string path, JsonElement? normalizer)
    {
        if (normalizer is not { } component)
            return false;
        string? type = Field(path, component, "type").GetString();
        if (type == "Sequence")
            return Field(path, component, "normalizers").EnumerateArray().Select(part => ReadNormalizer(path, part)).ToArray().Contains(true);
        Require(type == "NFC", path, "normalizer.type", type, "NFC or null");
        return true;
    }

    private static PieceSplitter ReadSplitter(string path, JsonElement? preTokenizer)
    {
        JsonElement component = preTokenizer ?? throw new DataFormatException($"{path}: pre_tokenizer is missing, expected ByteLevel or Split + ByteLevel");
        JsonElement[] parts = Field(path, component, "type").GetString() == "Sequence" ? [.. Field(path, component, "pretokenizers").EnumerateArray()] : [component];
        string types = string.Join(" + ", parts.Select(part => Field(path, part, "type").GetString()));
        Require(types is "ByteLevel" or "Split + ByteLevel", path, "pre_tokenizer", types, "ByteLevel or Split + ByteLevel");

        JsonElement byteLevel = parts[^1];
        bool useRegex = Optional(byteLevel, "use_regex")?.GetBoolean() ?? true;
        Require(!Flag(byteLevel, "add_prefix_space"), path, "pre_tokenizer ByteLevel.add_prefix_space", "true", "false");
        Require(useRegex == (parts.Length == 1), path, "pre_tokenizer ByteLevel.use_regex", useRegex.ToString(), "true by itself, false after a Split");
        if (parts.Length == 1)
            return new Gpt2Splitter();

        string behavior = Field(path, parts[0], "behavior").GetString() ?? "";
        Require(behavior == "Isolated" && !Flag(parts[0], "invert"), path, "pre_tokenizer Split.behavior", behavior, "Isolated, not inverted");
        string? expression = Optional(Field(path, parts[0], "pattern"), "Regex")?.GetString();
        return PieceSplitter.ForExpression(expression ?? "")
            ?? throw new DataFormatException($"{path}: pre_tokenizer Split.pattern {DataFormatException.Excerpt(expression ?? "(none)")} is not supported, expected the expression of GPT-2, Llama 3 or Qwen");
    }

    private static JsonElement Field(string path, JsonElement parent, string name) =>
        Optional(parent, name) ?? throw new DataFormatException($"{path}: field '{name}' is missing");

    private static JsonElement? Optional(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static bool Flag(JsonElement parent, string name) => Optional(parent, name)?.GetBoolean() ?? false;

    private static void Require(bool holds, string path, string field, string? found, string expected)
    {
        if (!holds)
            throw new DataFormatException($"{path}: {field} is {DataFormatException.Excerpt(found ?? "null")}, which is not supported, expected {expected}");
    }
}
