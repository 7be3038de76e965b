using System.Diagnostics;
using System.Globalization;
using Rlhf.Preferences;
using Rlhf.Training.Metrics;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>
/// A run from preferences as lines for the reader, and its metrics as a log. Where nothing is told for a while, what each activity waits for is:
/// a run that waits for labelers must not look like one that hangs.
/// </summary>
internal sealed class PrefsView : IPreferenceObserver, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);
    private static readonly (string Name, string Short)[] Shown =
    [
        (MetricNames.EpisodeReturn, "true return"),
        (MetricNames.RewardCorrelation, "correlation"),
        (MetricNames.RewardValidationAccuracy, "accuracy"),
        (MetricNames.RewardLossRatio, "val/train"),
        (MetricNames.RewardL2, "l2"),
        (MetricNames.PolicyStd, "std"),
    ];

    private readonly TextWriter _output;
    private readonly ITrainingObserver _log;
    private readonly string? _labelHint;
    private readonly Lock _lock = new();
    private readonly Timer _timer;
    private PreferenceStatus? _untold;
    private long _last = Stopwatch.GetTimestamp();

    /// <param name="output">Where lines go.</param>
    /// <param name="log">Where metrics go.</param>
    /// <param name="labelHint">How people label, said at the start; null where an oracle answers.</param>
    public PrefsView(TextWriter output, ITrainingObserver log, string? labelHint)
    {
        (_output, _log, _labelHint) = (output, log, labelHint);
        _timer = new Timer(_ => Tell(), null, Pause, Pause);
    }

    public void Started(PreferenceRun run, PreferenceOptions options, long steps)
    {
        Write($"prefs: {run.Environment}, {options.Labels} labels, {options.TotalSteps:N0} steps{(steps > 0 ? $", from step {steps:N0}" : string.Empty)}");
        if (_labelHint is not null)
            Write(_labelHint);
    }

    public void Changed(PreferenceStatus status)
    {
        lock (_lock)
            _untold = status;
        if (Stopwatch.GetElapsedTime(Volatile.Read(ref _last)) > Pause)
            Tell();
    }

    public void Updated(int update, IReadOnlyDictionary<string, double> metrics)
    {
        _log.Stepped(update, metrics);
        IEnumerable<string> numbers = Shown.Where(entry => metrics.ContainsKey(entry.Name))
            .Select(entry => $"{entry.Short} {metrics[entry.Name].ToString("g4", CultureInfo.InvariantCulture)}");
        Write($"step {metrics[MetricNames.ControlTimesteps]:N0}  labels {metrics[MetricNames.LabelCount]:N0}/{metrics[MetricNames.LabelPlan]:N0}  {string.Join("  ", numbers)}");
    }

    public void Collapsed(int member, int collapses) =>
        Write($"member {member} of the reward model collapsed (loss at ln 2, no difference between clips) and starts over; {collapses} so far");

    public void Warned(string message) => Write($"warning: {message}");

    public void Finished(PreferenceStatus status) => Write(status.ToString());

    public void Dispose() => _timer.Dispose();

    private void Tell()
    {
        lock (_lock)
        {
            if (_untold is null || Stopwatch.GetElapsedTime(_last) < Pause)
                return;
            Write(_untold.ToString());
        }
    }

    private void Write(string line)
    {
        lock (_lock)
        {
            (_last, _untold) = (Stopwatch.GetTimestamp(), null);
            _output.WriteLine(line);
        }
    }
}
