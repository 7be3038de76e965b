using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Models.Tokenization;

/// <summary>The older pair of files: a JSON map of token to id, and one merge a line in order of rank.</summary>
internal static class VocabularyFiles
{
    private const string EndOfText = "<|endoftext|>";

    public static BpeDefinition Read(string vocabularyPath, string mergesPath)
    {
        using JsonDocument document = ReadJson(vocabularyPath);
        Dictionary<string, int> vocabulary = ReadVocabulary(vocabularyPath, document.RootElement);
        List<(string, string)> merges = ReadMerges(mergesPath);
        List<AddedToken> added = [];
        if (vocabulary.TryGetValue(EndOfText, out int id))
            added.Add(new AddedToken(id, EndOfText, Special: true));
        return new BpeDefinition(vocabularyPath, vocabulary, merges, added);
    }

    public static void Write(BpeDefinition definition, string directory)
    {
        DurableFile.Write(Path.Combine(directory, "vocab.json"), stream =>
        {
            using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            WriteVocabulary(definition, json);
        });
        DurableFile.Write(Path.Combine(directory, "merges.txt"), stream =>
        {
            using StreamWriter text = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
            text.WriteLine("#version: 0.2");
            foreach ((string left, string right) in definition.Merges)
                text.WriteLine($"{left} {right}");
        });
    }

    /// <summary>Parses a whole JSON file; a message names the file.</summary>
    public static JsonDocument ReadJson(string path)
    {
        try
        {
            return JsonDocument.Parse(DataFile.ReadAllBytes(path));
        }
        catch (JsonException error)
        {
            throw new DataFormatException($"{path}: not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>A JSON object of token to id.</summary>
    public static Dictionary<string, int> ReadVocabulary(string at, JsonElement map)
    {
        if (map.ValueKind != JsonValueKind.Object)
            throw new DataFormatException($"{at}: the vocabulary is a JSON {map.ValueKind}, expected an object of token to id");
        Dictionary<string, int> vocabulary = [];
        try
        {
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id))
                    throw new DataFormatException($"{at}: token '{DataFormatException.Excerpt(entry.Name)}' has no integer id");
                if (!vocabulary.TryAdd(entry.Name, id))
                    throw new DataFormatException($"{at}: token '{DataFormatException.Excerpt(entry.Name)}' appears twice in the vocabulary");
            }
        }
        catch (InvalidOperationException error)
        {
            // An escape of half a surrogate pair parses as JSON but is no text.
            throw new DataFormatException($"{at}: a token is not valid Unicode", error);
        }

        return vocabulary;
    }

    /// <summary>Writes every token, added ones too, in order of id.</summary>
    public static void WriteVocabulary(BpeDefinition definition, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        for (int id = 0; id < definition.Tokens.Length; id++)
        {
            if (definition.Tokens[id] is { } token)
                json.WriteNumber(token, id);
        }

        json.WriteEndObject();
    }

    private static List<(string Left, string Right)> ReadMerges(string path)
    {
        List<(string, string)> merges = [];
        string[] lines = Encoding.UTF8.GetString(DataFile.ReadAllBytes(path)).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0 || (i == 0 && line.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            string[] pair = line.Split(' ');
            if (pair is not [{ Length: > 0 } left, { Length: > 0 } right])
                throw new DataFormatException($"{path}: line {i + 1}: '{DataFormatException.Excerpt(line)}', expected two tokens separated by one space");
            merges.Add((left, right));
        }

        return merges;
    }
}
