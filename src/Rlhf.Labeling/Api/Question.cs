using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rlhf.Labeling.Api;

/// <summary>What the page shows of one query.</summary>
internal sealed record Question
{
    /// <summary>The claim that an answer is given to; 0 for an answer of the past.</summary>
    public long Claim { get; init; }

    public long Query { get; init; }

    public string Run { get; init; } = string.Empty;

    public long RunId { get; init; }

    /// <summary>clips, texts, vote, ranking or demonstration.</summary>
    public string Kind { get; init; } = string.Empty;

    public string Instructions { get; init; } = string.Empty;

    /// <summary>Until the lock runs out; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? SecondsLeft { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Clips? Clips { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Prompt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Response>? Responses { get; init; }

    public bool AsksQuality { get; init; }

    /// <summary>What the labeler answered before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JudgementBody? Previous { get; init; }

    /// <summary>When that was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? At { get; init; }
}

/// <summary>Two clips; the scene draws poses, and is null where the clips are frames.</summary>
internal sealed record Clips(JsonElement? Scene, int FramesPerSecond, Clip Left, Clip Right);

/// <summary>Where a clip's numbers are.</summary>
internal sealed record Clip(string Url);

/// <summary>One response; nothing tells whose it is.</summary>
internal sealed record Response(string Text);
