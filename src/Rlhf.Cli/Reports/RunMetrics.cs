using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Models;

namespace Rlhf.Cli.Reports;

/// <summary>A run's <c>metrics.jsonl</c> as curves; a run may still be writing it.</summary>
internal sealed class RunMetrics
{
    private readonly List<JsonObject> _lines;

    private RunMetrics(List<JsonObject> lines) => _lines = lines;

    /// <summary>Whether nothing was logged yet.</summary>
    public bool IsEmpty => _lines.Count == 0;

    /// <summary>Reads what is there; a last line without its end is a line that is being written.</summary>
    /// <exception cref="DataFormatException">A whole line is not a JSON object: names file and line.</exception>
    public static RunMetrics Read(string directory)
    {
        string path = Path.Combine(directory, "metrics.jsonl");
        List<JsonObject> lines = [];
        if (!File.Exists(path))
            return new RunMetrics(lines);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        string text = new StreamReader(file).ReadToEnd();
        string[] parts = text.Split('\n');
        for (int i = 0; i < parts.Length - 1; i++)
            lines.Add(Parse(parts[i], path, i + 1));
        return new RunMetrics(lines);
    }

    /// <summary>
    /// One metric over another, where a line has both. A resumed run logs what it does again: what it had logged beyond that point before it
    /// was killed is left out.
    /// </summary>
    public IReadOnlyList<CurvePoint> Curve(string metric, string over)
    {
        List<CurvePoint> points = [];
        foreach (JsonObject line in _lines)
        {
            if (Number(line, over) is not { } x || Number(line, metric) is not { } y)
                continue;
            while (points.Count > 0 && points[^1].X >= x)
                points.RemoveAt(points.Count - 1);
            points.Add(new CurvePoint(x, y));
        }

        return points;
    }

    /// <summary>The newest value of a metric; null where it was never logged.</summary>
    public double? Last(string metric) => _lines.AsEnumerable().Reverse().Select(line => Number(line, metric)).FirstOrDefault(value => value is not null);

    // NaN and infinities are logged as words.
    private static double? Number(JsonObject line, string name) => line[name] switch
    {
        JsonValue value when value.TryGetValue(out double number) => number,
        JsonValue value when value.TryGetValue(out string? word) => word switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => null,
        },
        _ => null,
    };

    private static JsonObject Parse(string line, string path, int number)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject ?? throw new DataFormatException($"{path}: line {number} is not a JSON object");
        }
        catch (JsonException error)
        {
            throw new DataFormatException($"{path}: line {number} is not JSON: {error.Message}", error);
        }
    }
}
