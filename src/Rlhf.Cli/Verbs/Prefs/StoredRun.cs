using Rlhf.Models;
using Rlhf.Preferences;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>The store and the run that <c>--db</c> and <c>--name</c> mean.</summary>
internal static class StoredRun
{
    /// <summary>A store that is there: a wrong path must not make one.</summary>
    public static PreferenceStore Open(string path) => File.Exists(path)
        ? new PreferenceStore(path)
        : throw new DataFormatException($"{path}: missing, expected a store of preferences");

    /// <summary>The run of a name; without one the store's only run.</summary>
    public static PreferenceRun Find(PreferenceStore store, string? name)
    {
        IReadOnlyList<PreferenceRun> runs = store.GetRuns();
        return name is null && runs.Count == 1
            ? runs[0]
            : runs.FirstOrDefault(run => run.Name == name)
            ?? throw new DataFormatException($"{store.Path}: {(name is null ? $"{runs.Count} runs" : $"no run '{name}'")}{Expected(runs)}");
    }

    /// <summary>What to say of <c>--name</c> where the runs are these.</summary>
    public static string Expected(IReadOnlyList<PreferenceRun> runs) =>
        runs.Count == 0 ? ", the store is empty" : $", expected --name of one of: {string.Join(", ", runs.Select(run => run.Name))}";
}
