using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Rlhf.Preferences.Exchange;

/// <summary>JSON Lines: one object a line, UTF-8.</summary>
internal static class JsonlFile
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes aside, flushes and renames, so that there is the whole file or none.</summary>
    public static void Write(string path, IEnumerable<Action<Utf8JsonWriter>> lines)
    {
        string aside = $"{path}.tmp-{Guid.NewGuid():n}";
        try
        {
            using (FileStream stream = new(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                using Utf8JsonWriter writer = new(stream, Readable);
                foreach (Action<Utf8JsonWriter> line in lines)
                {
                    writer.WriteStartObject();
                    line(writer);
                    writer.WriteEndObject();
                    writer.Flush();
                    writer.Reset();
                    stream.WriteByte((byte)'\n');
                }

                stream.Flush(flushToDisk: true);
            }

            File.Move(aside, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Remove(aside);
            throw new PreferenceStoreException($"{path}: cannot be written: {error.Message.ReplaceLineEndings(" ")}", error);
        }
        catch
        {
            Remove(aside);
            throw;
        }
    }

    /// <summary>The objects of a file; blank lines are skipped, a file without any is an error.</summary>
    public static IReadOnlyList<JsonlLine> Read(string path)
    {
        List<JsonlLine> lines = [];
        int number = 0;
        try
        {
            using StreamReader reader = new(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
            while (reader.ReadLine() is string line)
            {
                number++;
                if (!string.IsNullOrWhiteSpace(line))
                    lines.Add(new JsonlLine(path, number, Parse(line, path, number)));
            }
        }
        catch (DecoderFallbackException error)
        {
            throw new PreferenceStoreException($"{path}: line {number + 1} or after: not UTF-8 text", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string reason = Directory.Exists(path) ? "is a folder, expected a file" : File.Exists(path) ? "cannot be read" : "no such file";
            throw new PreferenceStoreException($"{path}: {reason}", error);
        }

        return lines.Count > 0 ? lines : throw new PreferenceStoreException($"{path}: no lines, the file is empty");
    }

    private static JsonElement Parse(string line, string path, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new PreferenceStoreException($"{path}: line {number}: a JSON {JsonlLine.Name(document.RootElement)}, expected an object");
        }
        catch (JsonException error)
        {
            throw new PreferenceStoreException($"{path}: line {number}: malformed JSON at byte {error.BytePositionInLine ?? 0}", error);
        }
    }

    private static void Remove(string aside)
    {
        try
        {
            File.Delete(aside);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What was wrong with the file itself is the message.
        }
    }
}
