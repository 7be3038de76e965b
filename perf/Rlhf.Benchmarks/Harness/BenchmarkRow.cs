using System.Text.Json.Serialization;

namespace Rlhf.Benchmarks.Harness;

/// <summary>One row of the report. Times are medians over the rounds, in seconds; what was not measured is null.</summary>
internal sealed record BenchmarkRow
{
    /// <summary>Kernel, snake_case.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes, as the kernel's contract orders them.</summary>
    public required int[] Shape { get; init; }

    /// <summary>Storage type.</summary>
    public string Dtype { get; init; } = "f32";

    /// <summary>Threads of both sides.</summary>
    public required int Threads { get; init; }

    /// <summary>One call.</summary>
    public required double Seconds { get; init; }

    /// <summary>Least memory traffic of one call.</summary>
    public required long Bytes { get; init; }

    /// <summary>Time of a plain read (or copy, where the kernel also writes) of the same bytes, over <see cref="Seconds"/>.</summary>
    public double? ReadBandwidthRatio { get; init; }

    /// <summary>What a user would run instead.</summary>
    public required string Peer { get; init; }

    /// <summary>The peer with every cure for its known slownesses.</summary>
    public double? PeerSeconds { get; init; }

    /// <summary><see cref="PeerSeconds"/> over <see cref="Seconds"/>.</summary>
    public double? Speedup => PeerSeconds / Seconds;

    /// <summary>The peer as installed, with the same threads.</summary>
    public double? PeerUntunedSeconds { get; init; }

    /// <summary><see cref="PeerUntunedSeconds"/> over <see cref="Seconds"/>.</summary>
    public double? SpeedupUntuned => PeerUntunedSeconds / Seconds;

    /// <summary>Growth of the process's peak memory during the first call, workspace included.</summary>
    public long? PeakExtraBytes { get; init; }

    /// <summary>The kernel's matrix products alone, in their fastest form.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? GemmSeconds { get; init; }

    /// <summary>That form.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GemmForm { get; init; }

    /// <summary><see cref="Seconds"/> over <see cref="GemmSeconds"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RatioToGemms => Seconds / GemmSeconds;

    /// <summary>Calls that were timed one by one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Calls { get; init; }

    /// <summary>Median of single calls.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? P50Seconds { get; init; }

    /// <summary>99 of 100 single calls are at most this long.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? P99Seconds { get; init; }
}
