using System.Text.Json.Nodes;
using Rlhf.Cli.Reports;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>What a run of a grid came to, or where it stands.</summary>
/// <param name="Cell">Which run.</param>
/// <param name="Curve">True return of the acting policy over environment steps.</param>
/// <param name="Evaluated">True return without exploration, at the end.</param>
/// <param name="Seconds">Null while it runs. Of a resumed run: its last part.</param>
/// <param name="Command">Null while it runs.</param>
internal sealed record BenchResult(BenchCell Cell, IReadOnlyList<CurvePoint> Curve, double? Evaluated, double? Seconds, string? Command)
{
    /// <summary>Return of the untrained policy: the first point.</summary>
    public double Start => Curve.Count > 0 ? Curve[0].Y : double.NaN;

    /// <summary>Mean over the last tenth.</summary>
    public double Final => SeedCurves.Final(Curve);

    /// <summary>Reads a run's folder; null where it has not begun.</summary>
    public static BenchResult? Read(string root, BenchCell cell)
    {
        string directory = Path.Combine(root, cell.Folder);
        var metrics = RunMetrics.Read(directory);
        if (metrics.IsEmpty)
            return null;
        BenchRecord? record = BenchRecord.Read(directory);
        string report = Path.Combine(directory, "report.json");
        return new BenchResult(
            cell,
            metrics.Curve(MetricNames.EpisodeReturn, MetricNames.ControlTimesteps),
            metrics.Last(MetricNames.EvalReturn) ?? (File.Exists(report) ? (double?)JsonNode.Parse(File.ReadAllText(report))?[MetricNames.EvalReturn] : null),
            record?.Seconds,
            record is { Seconds: not null } ? $"rlhf {record.Command}" : null);
    }
}
