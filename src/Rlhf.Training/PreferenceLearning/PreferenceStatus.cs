namespace Rlhf.Training.PreferenceLearning;

/// <summary>Where a run stands, and what each of its three activities waits for.</summary>
/// <param name="Steps">Environment steps made, the initial ones included.</param>
/// <param name="TotalSteps">Of the whole run.</param>
/// <param name="Labels">Labels for training so far, of each query one.</param>
/// <param name="PlannedLabels">Labels that the schedule wants by now.</param>
/// <param name="TotalLabels">Labels of the whole run.</param>
/// <param name="OpenQueries">Asked and not answered.</param>
/// <param name="FitSteps">Optimizer steps of the reward model.</param>
/// <param name="PlannedFitSteps">Optimizer steps that it should have made by now.</param>
/// <param name="Policy">What the policy waits for; null while it works.</param>
/// <param name="Queries">What the gathering of preferences waits for; null while it works.</param>
/// <param name="Fitting">What the fitting waits for; null while it works.</param>
public sealed record PreferenceStatus(
    long Steps,
    long TotalSteps,
    int Labels,
    int PlannedLabels,
    int TotalLabels,
    int OpenQueries,
    long FitSteps,
    long PlannedFitSteps,
    string? Policy,
    string? Queries,
    string? Fitting)
{
    /// <summary>One line for a terminal.</summary>
    public override string ToString() =>
        $"steps {Steps:N0}/{TotalSteps:N0}  labels {Labels}/{TotalLabels} (plan {PlannedLabels}, open {OpenQueries})  fits {FitSteps:N0}  "
        + $"policy {Policy ?? "acts"} · queries {Queries ?? "asked"} · reward model {Fitting ?? "fits"}";
}
