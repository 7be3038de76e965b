using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>The runs that this server labels: one, or all of the store, the newest first.</summary>
internal sealed class RunChoice(PreferenceStore store, LabelingOptions options)
{
    public IReadOnlyList<PreferenceRun> All() => options.Run is null
        ? [.. store.GetRuns().Reverse()]
        : store.FindRun(options.Run) is PreferenceRun run ? [run] : [];

    /// <summary>Whether a run is one of them.</summary>
    public bool Has(long runId) => options.Run is null || store.GetRun(runId).Name == options.Run;
}
