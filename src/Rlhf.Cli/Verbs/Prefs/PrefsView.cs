using System.Diagnostics;
using System.Globalization;
using Rlhf.Preferences;
using Rlhf.Training.Metrics;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>A run from preferences as lines for the reader, and its metrics as a log.</summary>
internal sealed class PrefsView(TextWriter output, ITrainingObserver log) : IPreferenceObserver
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly (string Name, string Short)[] Shown =
    [
        (MetricNames.EpisodeReturn, "true return"),
        (MetricNames.RewardCorrelation, "correlation"),
        (MetricNames.RewardValidationAccuracy, "accuracy"),
        (MetricNames.RewardLossRatio, "val/train"),
        (MetricNames.RewardL2, "l2"),
        (MetricNames.PolicyStd, "std"),
    ];

    private long _last = Stopwatch.GetTimestamp();

    public void Started(PreferenceRun run, PreferenceOptions options, long steps) => output.WriteLine(
        $"prefs: {run.Environment}, {options.Labels} labels, {options.TotalSteps:N0} steps{(steps > 0 ? $", from step {steps:N0}" : string.Empty)}");

    public void Changed(PreferenceStatus status)
    {
        if (Stopwatch.GetElapsedTime(_last) < Pause)
            return;
        _last = Stopwatch.GetTimestamp();
        output.WriteLine(status.ToString());
    }

    public void Updated(int update, IReadOnlyDictionary<string, double> metrics)
    {
        log.Stepped(update, metrics);
        _last = Stopwatch.GetTimestamp();
        IEnumerable<string> numbers = Shown.Where(entry => metrics.ContainsKey(entry.Name))
            .Select(entry => $"{entry.Short} {metrics[entry.Name].ToString("g4", CultureInfo.InvariantCulture)}");
        output.WriteLine(
            $"step {metrics[MetricNames.ControlTimesteps]:N0}  labels {metrics[MetricNames.LabelCount]:N0}/{metrics[MetricNames.LabelPlan]:N0}  {string.Join("  ", numbers)}");
    }

    public void Collapsed(int member, int collapses) =>
        output.WriteLine($"member {member} of the reward model collapsed (loss at ln 2, no difference between clips) and starts over; {collapses} so far");

    public void Finished(PreferenceStatus status) => output.WriteLine(status.ToString());
}
