namespace Rlhf.Training.Optimization;

/// <summary>How the learning rate falls after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>Linearly to 0 at the last step: <c>1 − step / steps</c> (lm-human-preferences, N+, TRL's default).</summary>
    Linear,

    /// <summary>Not at all.</summary>
    Constant,

    /// <summary>Half a cosine down to the floor (InstructGPT: to 10 %).</summary>
    Cosine,
}
