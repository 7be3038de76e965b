namespace Rlhf.Preferences;

/// <summary>What a labeler answered. By position: as displayed when it goes into the store, in the query's order of items when it comes out.</summary>
public sealed record Judgement
{
    /// <summary>Of two things (pairs and votes): left is the first position. <see cref="Answer.CannotTell"/> alone answers a query of any kind.</summary>
    public Answer? Choice { get; init; }

    /// <summary>Of a ranking: each position's rank, 1 is best; equal ranks are ties.</summary>
    public IReadOnlyList<int>? Ranks { get; init; }

    /// <summary>Each position's quality, 1…7; null where none was asked.</summary>
    public IReadOnlyList<int>? Quality { get; init; }

    /// <summary>Of a demonstration: the response that the labeler wrote.</summary>
    public string? Text { get; init; }

    /// <summary>An answer to a pair.</summary>
    public static Judgement Of(Answer choice) => new() { Choice = choice };

    /// <summary>A ranking, by position.</summary>
    public static Judgement Ranking(IReadOnlyList<int> ranks, IReadOnlyList<int>? quality = null) => new() { Ranks = ranks, Quality = quality };

    /// <summary>A demonstration.</summary>
    public static Judgement Demonstration(string text) => new() { Text = text };

    /// <inheritdoc/>
    public bool Equals(Judgement? other) =>
        other is not null && Choice == other.Choice && Text == other.Text && Same(Ranks, other.Ranks) && Same(Quality, other.Quality);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Choice, Text, Ranks?.Count, Quality?.Count);

    private static bool Same(IReadOnlyList<int>? a, IReadOnlyList<int>? b) => a is null || b is null ? a is null && b is null : a.SequenceEqual(b);
}
