namespace Rlhf.Environments.Pixels;

/// <summary>How a pixel game is wrapped. The defaults are the paper's (Christiano et al. 2017, appendix A and A.2).</summary>
public sealed record PixelOptions
{
    /// <summary>
    /// The agent never sees an episode end: a game that is over starts again inside one episode of <see cref="Horizon"/> steps, and the true
    /// reward pays <see cref="EndPenalty"/> where a life or the game was lost (appendix A). False: the episode ends with the game.
    /// </summary>
    public bool HideEnds { get; init; } = true;

    /// <summary>Agent steps after which an episode is truncated; left out: 1,000 where ends are hidden, 27,000 (half an hour at 60 frames a second) elsewhere.</summary>
    public int? Horizon { get; init; }

    /// <summary>
    /// Points taken off for a lost life or game where ends are hidden; left out: 1, the bound of clipped rewards, and 0 in Pong. The paper
    /// has a penalty in all games but Pong and does not give its size.
    /// </summary>
    public double? EndPenalty { get; init; }

    /// <summary>A lost life ends the episode. Only where ends are not hidden; the next episode is a new game, since it has to follow from its seed.</summary>
    public bool LifeLossEnds { get; init; }

    /// <summary>Frames an action is held for; the observation is the maximum of the last two. Default 4.</summary>
    public int FrameSkip { get; init; } = 4;

    /// <summary>An episode begins with 0 … this many frames without action. Default 30.</summary>
    public int MaxNoops { get; init; } = 30;

    /// <summary>Probability that a frame repeats the action of the frame before, whatever the agent chose (Machado et al. 2018: 0.25). Default 0.</summary>
    public double StickyActions { get; init; }

    /// <summary>Limits the reward of a step to [−1, 1] (Mnih et al. 2015). Default false: the score as it is.</summary>
    public bool ClipRewards { get; init; }

    /// <summary>Rows blanked at the top of a frame, where a game of others shows its score. Own games draw none. Default 0.</summary>
    public int BlankTop { get; init; }

    /// <summary>Rows blanked at the bottom of a frame. Default 0.</summary>
    public int BlankBottom { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and what was expected.</exception>
    public void Validate()
    {
        Check(Horizon is null or > 0, nameof(Horizon), Horizon, "at least 1");
        Check(EndPenalty is null or (>= 0 and < double.PositiveInfinity), nameof(EndPenalty), EndPenalty, "a number of at least 0");
        Check(FrameSkip is >= 1 and <= 60, nameof(FrameSkip), FrameSkip, "1 to 60");
        Check(MaxNoops is >= 0 and <= 1000, nameof(MaxNoops), MaxNoops, "0 to 1000");
        Check(StickyActions is >= 0 and < 1, nameof(StickyActions), StickyActions, "a probability below 1");
        Check(BlankTop >= 0 && BlankBottom >= 0 && BlankTop + BlankBottom < PixelEnvironment.FrameSize, "BlankTop + BlankBottom", BlankTop + BlankBottom, "0 to 83");
        Check(!(HideEnds && LifeLossEnds), nameof(LifeLossEnds), LifeLossEnds, "false where HideEnds is true");
    }

    private static void Check(bool valid, string name, object? value, string expected)
    {
        if (!valid)
            throw new ArgumentException($"pixel option {name} is {value}, expected {expected}");
    }
}
