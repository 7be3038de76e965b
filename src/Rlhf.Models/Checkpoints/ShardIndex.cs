using System.Text.Json;

namespace Rlhf.Models.Checkpoints;

/// <summary><c>*.index.json</c>: which shard holds which tensor.</summary>
internal static class ShardIndex
{
    /// <summary>Reads the map of tensor name to shard file name.</summary>
    public static Dictionary<string, string> Read(string path)
    {
        Dictionary<string, string> map = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(DataFile.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out JsonElement weights)
                || weights.ValueKind != JsonValueKind.Object)
                throw new DataFormatException($"{path}: no object 'weight_map', expected a map of tensor name to file name");
            foreach (JsonProperty entry in weights.EnumerateObject())
            {
                string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
                if (string.IsNullOrEmpty(file) || file is "." or ".." || file.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
                    throw new DataFormatException($"{path}: weight_map '{entry.Name}' is {DataFormatException.Excerpt(entry.Value.GetRawText())}, expected the name of a file in the same directory");
                if (!map.TryAdd(entry.Name, file))
                    throw new DataFormatException($"{path}: weight_map names '{entry.Name}' twice");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DataFormatException($"{path}: not valid JSON: {error.Message}", error);
        }

        return map.Count > 0 ? map : throw new DataFormatException($"{path}: weight_map is empty, expected a map of tensor name to file name");
    }

    /// <summary>The text of an index, in the order given.</summary>
    public static byte[] Write(IEnumerable<KeyValuePair<string, string>> weightMap, long totalSize)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", totalSize);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach ((string tensor, string file) in weightMap)
                json.WriteString(tensor, file);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
