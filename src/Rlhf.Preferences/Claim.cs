namespace Rlhf.Preferences;

/// <summary>A query shown to a labeler and kept from others until <see cref="LockedUntil"/>.</summary>
public sealed record Claim
{
    /// <summary>Names this showing; the answer is given to it.</summary>
    public required long Id { get; init; }

    /// <summary>What is asked.</summary>
    public required Query Query { get; init; }

    /// <summary>Who was shown it.</summary>
    public required long LabelerId { get; init; }

    /// <summary>What stands where: position i shows item <c>Query.Items[Order[i]]</c>. By chance, so that no side is favoured.</summary>
    public required IReadOnlyList<int> Order { get; init; }

    /// <summary>When it was shown.</summary>
    public required DateTimeOffset ShownAt { get; init; }

    /// <summary>Until when nobody else is shown it.</summary>
    public required DateTimeOffset LockedUntil { get; init; }

    /// <summary>Ids of the items in the order of display.</summary>
    public IReadOnlyList<long> Displayed => [.. Order.Select(item => Query.Items[item])];
}
