namespace Rlhf.Fixtures;

/// <summary>What became of a case.</summary>
public enum CaseStatus
{
    /// <summary>Everything expected was computed and agrees.</summary>
    Passed,

    /// <summary>Something disagrees, is missing or is not understood.</summary>
    Failed,

    /// <summary>Nothing here computes this yet.</summary>
    Skipped,
}
