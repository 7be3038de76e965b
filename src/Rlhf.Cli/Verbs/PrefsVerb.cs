using System.CommandLine;
using Rlhf.Cli.Verbs.Prefs;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf prefs</c>: policies that learn from comparisons of clips.</summary>
internal static class PrefsVerb
{
    public static Command Create() => new("prefs", "Train a policy from comparisons of clips, by people or by a synthetic oracle")
    {
        TrainPrefs.Create(),
        FitPrefs.Create(),
        ExportPrefs.Create(),
        ImportPrefs.Create(),
        WatchPrefs.Create(),
        BenchPrefs.Create(),
    };
}
