namespace Rlhf.Benchmarks.Environments;

/// <summary>One robot beside MuJoCo alone. Times are medians over the rounds, ratios are taken within a round.</summary>
internal sealed record EnvironmentRow
{
    /// <summary>Id of the robot.</summary>
    public required string Environment { get; init; }

    /// <summary>Where the actions come from.</summary>
    public required string Actions { get; init; }

    /// <summary>Environments side by side.</summary>
    public required int Count { get; init; }

    /// <summary>Threads of both sides.</summary>
    public required int Threads { get; init; }

    /// <summary>mj_steps of one step, on both sides.</summary>
    public required int FrameSkip { get; init; }

    /// <summary>Steps of each environment in a round.</summary>
    public required int Steps { get; init; }

    /// <summary>Rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>Ours, all environments together.</summary>
    public required double StepsPerSecond { get; init; }

    /// <summary>A bare loop over mj_step with the same actions.</summary>
    public required double BareStepsPerSecond { get; init; }

    /// <summary>Bare wall time over ours.</summary>
    public required RatioSpread WallRatio { get; init; }

    /// <summary>Bare processor time over ours.</summary>
    public required RatioSpread ProcessorRatio { get; init; }
}
