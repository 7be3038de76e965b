namespace Rlhf.Environments;

/// <summary>An environment that can say why its last step diverged.</summary>
internal interface IDivergenceReason
{
    /// <summary>A few words; null where no step diverged yet.</summary>
    string? DivergenceReason { get; }
}
