namespace Rlhf.Preferences;

/// <summary>One question to labelers.</summary>
public sealed record Query
{
    /// <summary>Given by the store; 0 before.</summary>
    public long Id { get; init; }

    /// <summary>The run that asks.</summary>
    public required long RunId { get; init; }

    /// <summary>What is asked.</summary>
    public QueryKind Kind { get; init; } = QueryKind.ClipPair;

    /// <summary>Ids of segments (<see cref="QueryKind.ClipPair"/>) or texts (all others).</summary>
    public required IReadOnlyList<long> Items { get; init; }

    /// <summary>Higher is asked first; among equals the newest. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Environment step of the run at which it was made.</summary>
    public long Step { get; init; }

    /// <summary>Labelers who shall answer it, each once. 2 or more measure agreement. Default 1.</summary>
    public int AnswersWanted { get; init; } = 1;

    /// <summary>P(first better than second) by the reward model when the pair was chosen, to compare with the answers; null if unknown.</summary>
    public double? Predicted { get; init; }

    /// <summary>When the store took it.</summary>
    public DateTimeOffset Created { get; init; }
}
