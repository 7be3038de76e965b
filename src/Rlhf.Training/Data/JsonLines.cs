using System.Text;
using System.Text.Json;
using Rlhf.Models;

namespace Rlhf.Training.Data;

/// <summary>Reads JSON Lines: one object a line, UTF-8, blank lines skipped.</summary>
public static class JsonLines
{
    /// <summary>The objects of a file, in order.</summary>
    /// <exception cref="DataFormatException">Missing file, not UTF-8, or a line that is not a JSON object; one line names file and line.</exception>
    public static IEnumerable<JsonLine> Read(string path)
    {
        using StreamReader reader = Open(path);
        for (int number = 1; ; number++)
        {
            string? line = ReadLine(reader, path, number);
            if (line is null)
                yield break;
            if (!string.IsNullOrWhiteSpace(line))
                yield return new JsonLine(path, number, Parse(line, path, number));
        }
    }

    /// <summary>Opens a UTF-8 text file; bytes that are not UTF-8 will be errors, not replacement characters.</summary>
    /// <exception cref="DataFormatException">The file cannot be opened.</exception>
    internal static StreamReader Open(string path)
    {
        try
        {
            return new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string reason = Directory.Exists(path) ? "is a directory, expected a file" : File.Exists(path) ? "cannot be read" : "no such file";
            throw new DataFormatException($"{path}: {reason}", error);
        }
    }

    private static string? ReadLine(StreamReader reader, string path, int number)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (Exception error) when (error is IOException or DecoderFallbackException)
        {
            throw new DataFormatException($"{path}: line {number} or after: not UTF-8 text", error);
        }
    }

    private static JsonElement Parse(string line, string path, int number)
    {
        try
        {
            // Cloned: the element must outlive the pooled document.
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new DataFormatException($"{path}: line {number}: a JSON {JsonLine.Name(document.RootElement)}, expected an object");
        }
        catch (JsonException error)
        {
            throw new DataFormatException($"{path}: line {number}: malformed JSON at byte {error.BytePositionInLine ?? 0}", error);
        }
    }
}
