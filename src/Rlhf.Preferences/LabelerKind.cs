namespace Rlhf.Preferences;

/// <summary>Who answers.</summary>
public enum LabelerKind
{
    /// <summary>A person with an invitation.</summary>
    Human,

    /// <summary>A program that knows the true reward; has no invitation.</summary>
    Oracle,
}
