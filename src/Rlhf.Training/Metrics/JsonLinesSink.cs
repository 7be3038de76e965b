using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Training.Metrics;

/// <summary>
/// Appends one JSON object a line. A line is one write and is on the disk before the call returns, so a crash costs at most the line
/// being written; an unfinished last line is cut off when the file is opened again.
/// </summary>
public sealed class JsonLinesSink : IDisposable
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly FileStream _file;

    /// <summary>Opens or creates the file, with its folder.</summary>
    /// <param name="path">Where.</param>
    /// <param name="append">Go on after what is there; otherwise start empty.</param>
    public JsonLinesSink(string path, bool append = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _file = new FileStream(path, append ? FileMode.OpenOrCreate : FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        CutUnfinishedLine();
    }

    /// <summary>Writes one object as one line. Numbers come through <see cref="Number"/>.</summary>
    public void Write(JsonObject line) => Write([line]);

    /// <summary>Writes several objects, a line each, in one go.</summary>
    public void Write(IEnumerable<JsonObject> lines)
    {
        List<byte> bytes = [];
        foreach (JsonObject line in lines)
        {
            bytes.AddRange(JsonSerializer.SerializeToUtf8Bytes(line, Plain));
            bytes.Add((byte)'\n');
        }

        _file.Write(bytes.ToArray());
        _file.Flush(flushToDisk: true);
    }

    /// <summary>A number as JSON can hold it.</summary>
    public static JsonNode Number(double value) =>
        double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void CutUnfinishedLine()
    {
        long end = _file.Length;
        while (end > 0)
        {
            _file.Position = end - 1;
            if (_file.ReadByte() == '\n')
                break;
            end--;
        }

        _file.SetLength(end);
        _file.Position = end;
    }
}
