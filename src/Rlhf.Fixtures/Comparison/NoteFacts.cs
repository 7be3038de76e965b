namespace Rlhf.Fixtures.Comparison;

/// <summary>What a tolerance's note may refer to. A fact that is left out leaves its rule without effect.</summary>
public sealed class NoteFacts
{
    /// <summary>Nothing to refer to.</summary>
    public static NoteFacts None { get; } = new();

    /// <summary>max |logit| of each row (finite logits only).</summary>
    public double[]? RowLogitMax { get; init; }

    /// <summary>max |weight| of the upstream gradient.</summary>
    public double? MaxWeight { get; init; }

    /// <summary>The row of each flat index; rows are what notes are applied to. Left out: one row.</summary>
    public Func<int, int>? RowOf { get; init; }

    /// <summary>Facts of a tensor whose rows are <paramref name="length"/> elements long.</summary>
    public static Func<int, int> RowsOf(int length) => index => index / length;
}
