namespace Rlhf.Preferences;

/// <summary>What a run compares, and so how the page draws it.</summary>
public enum RunKind
{
    /// <summary>Clips drawn from poses with the run's scene.</summary>
    Figures,

    /// <summary>Clips whose observations are frames.</summary>
    Frames,

    /// <summary>Responses of language models.</summary>
    Texts,
}
