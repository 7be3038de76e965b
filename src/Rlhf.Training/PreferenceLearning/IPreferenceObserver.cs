using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Watches a run of <see cref="PreferenceTrainer"/>: a terminal, a log, a dashboard. Calls come from any of the run's threads, one at a time;
/// what they throw ends the run.
/// </summary>
public interface IPreferenceObserver
{
    /// <summary>A run begins, or goes on.</summary>
    /// <param name="run">Its record in the store.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="steps">Environment steps that it made before.</param>
    void Started(PreferenceRun run, PreferenceOptions options, long steps)
    {
    }

    /// <summary>Something began or ceased to wait, or a label came.</summary>
    void Changed(PreferenceStatus status)
    {
    }

    /// <summary>The policy was updated.</summary>
    /// <param name="update">Number of the update, from 1.</param>
    /// <param name="metrics">Names of <see cref="Metrics.MetricNames"/> and values.</param>
    void Updated(int update, IReadOnlyDictionary<string, double> metrics)
    {
    }

    /// <summary>Pairs were asked.</summary>
    /// <param name="queries">As they stand in the store.</param>
    void Asked(IReadOnlyList<Query> queries)
    {
    }

    /// <summary>A clip of what the policy does now, for showing.</summary>
    /// <param name="clip">With poses or frames; not in the store.</param>
    /// <param name="predicted">[k] reward by the current model.</param>
    void Filmed(RecordedClip clip, IReadOnlyList<float> predicted)
    {
    }

    /// <summary>A member of the reward model collapsed and was given fresh weights.</summary>
    /// <param name="member">Its number.</param>
    /// <param name="collapses">Collapses of the run so far.</param>
    void Collapsed(int member, int collapses)
    {
    }

    /// <summary>Something is amiss that does not end the run.</summary>
    /// <param name="message">One line.</param>
    void Warned(string message)
    {
    }

    /// <summary>All steps are made.</summary>
    void Finished(PreferenceStatus status)
    {
    }
}
