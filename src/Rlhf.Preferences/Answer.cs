namespace Rlhf.Preferences;

/// <summary>What a labeler says of two things side by side (Christiano et al. 2017, §2.2.2).</summary>
public enum Answer
{
    /// <summary>The left one is better.</summary>
    Left,

    /// <summary>The right one is better.</summary>
    Right,

    /// <summary>Equally good.</summary>
    Tie,

    /// <summary>Cannot be compared: kept as a fact, never used for training.</summary>
    CannotTell,
}

/// <summary>What an answer means to a reward model.</summary>
public static class Answers
{
    /// <summary>μ(1), the weight of the left one: 1, 0 or ½; null where the answer is not for training.</summary>
    public static float? LeftWeight(this Answer answer) => answer switch
    {
        Answer.Left => 1f,
        Answer.Right => 0f,
        Answer.Tie => 0.5f,
        Answer.CannotTell => null,
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer, null),
    };
}
