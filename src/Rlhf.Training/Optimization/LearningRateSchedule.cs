namespace Rlhf.Training.Optimization;

/// <summary>The learning rate as a function of the step, from 0; nothing is remembered, so resuming needs only the step.</summary>
/// <remarks>
/// Steps count from 0 as in N+ and Hugging Face: the first of N linear steps has the full rate, the last <c>peak / N</c>.
/// The warm-up rises linearly from <see cref="WarmupFrom"/>, and the fall begins where it ends.
/// </remarks>
public sealed record LearningRateSchedule
{
    /// <summary>Highest learning rate.</summary>
    public required double Peak { get; init; }

    /// <summary>Steps of the whole run, warm-up included.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Form of the fall. Default linear to 0.</summary>
    public ScheduleKind Kind { get; init; }

    /// <summary>Steps of linear warm-up. Default 0 (TRL).</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Where the warm-up begins, as a share of the peak. Default 0 (Hugging Face); InstructGPT's PPO: 0.1.</summary>
    public double WarmupFrom { get; init; }

    /// <summary>Where the cosine ends, as a share of the peak. Default 0; InstructGPT: 0.1.</summary>
    public double Floor { get; init; }

    /// <summary>The learning rate of one step.</summary>
    /// <param name="step">From 0; beyond the last step the final value stays.</param>
    public float At(int step)
    {
        if (step < WarmupSteps)
            return (float)(Peak * (WarmupFrom + ((1 - WarmupFrom) * step / WarmupSteps)));
        double progress = Math.Clamp((step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps), 0, 1);
        double share = Kind switch
        {
            ScheduleKind.Linear => 1 - progress,
            ScheduleKind.Cosine => Floor + ((1 - Floor) * 0.5 * (1 + Math.Cos(Math.PI * progress))),
            _ => 1,
        };
        return (float)(Peak * share);
    }
}
