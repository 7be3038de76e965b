using System.Text.Json;

namespace Rlhf.Benchmarks.Harness;

/// <summary>The table on the terminal and the JSON file.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    /// <summary>Column names.</summary>
    public static void WriteHeader(TextWriter output) => output.WriteLine(
        $"{"kernel",-24} {"shape",-18} {"time",10} {"of read",8} {"peer",10} {"speedup",8} {"untuned",9} {"extra",9}");

    /// <summary>One line a row.</summary>
    public static void Write(TextWriter output, BenchmarkRow row)
    {
        output.WriteLine(
            $"{row.Name,-24} {string.Join('×', row.Shape),-18} {Time(row.Seconds),10} {Percent(row.ReadBandwidthRatio),8} "
            + $"{Time(row.PeerSeconds),10} {Factor(row.Speedup),8} {Factor(row.SpeedupUntuned),9} {Megabytes(row.PeakExtraBytes),9}");
        if (row.GemmForm is not null)
        {
            output.WriteLine($"{"",-24} {row.GemmForm}: {Time(row.GemmSeconds)}, ours {row.RatioToGemms:F3} of it");
        }

        if (row.Calls is not null)
        {
            output.WriteLine($"{"",-24} {row.Calls} calls: p50 {Time(row.P50Seconds)}, p99 {Time(row.P99Seconds)}");
        }
    }

    /// <summary>Writes the JSON array, aside first.</summary>
    public static void Save<T>(string path, IReadOnlyList<T> rows)
    {
        string aside = path + ".new";
        File.WriteAllText(aside, JsonSerializer.Serialize(rows, Options) + "\n");
        File.Move(aside, path, overwrite: true);
    }

    private static string Time(double? seconds) => seconds switch
    {
        null => "-",
        >= 1 => $"{seconds:F2} s",
        >= 1e-3 => $"{seconds * 1e3:F2} ms",
        >= 1e-6 => $"{seconds * 1e6:F2} µs",
        _ => $"{seconds * 1e9:F0} ns",
    };

    private static string Factor(double? factor) => factor is null ? "-" : factor >= 100 ? $"{factor:F0}×" : $"{factor:F2}×";

    private static string Percent(double? ratio) => ratio is null ? "-" : $"{100 * ratio:F0} %";

    private static string Megabytes(long? bytes) => bytes is null ? "-" : $"{bytes / 1048576.0:F1} MiB";
}
