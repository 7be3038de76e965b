namespace Rlhf.Benchmarks.Environments;

/// <summary>What asking a learned reward adds to a robot that a policy moves. Times are medians over the rounds.</summary>
internal sealed record RewardRow
{
    /// <summary>Id of the robot.</summary>
    public required string Environment { get; init; }

    /// <summary>Where the actions come from.</summary>
    public required string Actions { get; init; }

    /// <summary>What is asked for the reward of each step, once a round for all of them.</summary>
    public required string Reward { get; init; }

    /// <summary>Environments side by side.</summary>
    public required int Count { get; init; }

    /// <summary>Threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Steps of each environment in a round.</summary>
    public required int Steps { get; init; }

    /// <summary>Rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>Steps a second with the rewards, all environments together.</summary>
    public required double StepsPerSecond { get; init; }

    /// <summary>The same without them.</summary>
    public required double StepsPerSecondWithout { get; init; }

    /// <summary>Median wall time with the rewards over the median without: 1.1 is 10 % more.</summary>
    public required double MedianRatio { get; init; }

    /// <summary>The same ratio within each round.</summary>
    public required RatioSpread WallRatio { get; init; }

    /// <summary>The same of processor time.</summary>
    public required RatioSpread ProcessorRatio { get; init; }
}
