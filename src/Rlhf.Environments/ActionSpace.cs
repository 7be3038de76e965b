namespace Rlhf.Environments;

/// <summary>What an agent may do: a point in a box, or one of some discrete actions.</summary>
public sealed record ActionSpace
{
    private ActionSpace()
    {
    }

    /// <summary>Number of discrete actions; 0 for a box.</summary>
    public int Choices { get; private init; }

    /// <summary>Lower bound of each coordinate; empty when discrete.</summary>
    public IReadOnlyList<float> Low { get; private init; } = [];

    /// <summary>Upper bound of each coordinate; empty when discrete.</summary>
    public IReadOnlyList<float> High { get; private init; } = [];

    /// <summary>Whether an action is an index.</summary>
    public bool IsDiscrete => Choices > 0;

    /// <summary>Floats an action takes: the box's dimensions, or 1 for an index.</summary>
    public int Length => IsDiscrete ? 1 : Low.Count;

    /// <summary>Outputs a policy needs: the mean of each coordinate, or a logit for each choice.</summary>
    public int PolicyOutputs => IsDiscrete ? Choices : Low.Count;

    /// <summary>A box with its bounds.</summary>
    public static ActionSpace Box(IReadOnlyList<float> low, IReadOnlyList<float> high)
    {
        if (low.Count == 0 || low.Count != high.Count)
            throw new ArgumentException($"bounds of a box have {low.Count} and {high.Count} coordinates, expected the same number above 0");
        for (int i = 0; i < low.Count; i++)
        {
            if (!(low[i] < high[i]))
                throw new ArgumentException($"coordinate {i} of a box goes from {low[i]} to {high[i]}");
        }

        return new ActionSpace { Low = [.. low], High = [.. high] };
    }

    /// <summary>A box with the same bounds in each coordinate.</summary>
    public static ActionSpace Box(int dimensions, float low = -1, float high = 1) =>
        Box([.. Enumerable.Repeat(low, dimensions)], [.. Enumerable.Repeat(high, dimensions)]);

    /// <summary>The indices 0 … <paramref name="choices"/> − 1.</summary>
    public static ActionSpace Discrete(int choices) =>
        new() { Choices = choices > 0 ? choices : throw new ArgumentOutOfRangeException(nameof(choices), choices, "expected at least one action") };
}
