using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>Several observers as one, told in order.</summary>
public sealed class PreferenceObserverGroup : IPreferenceObserver
{
    private readonly List<IPreferenceObserver> _observers = [];

    /// <summary>One more is told from now on. Not while a run goes on.</summary>
    public void Add(IPreferenceObserver observer) => _observers.Add(observer);

    /// <inheritdoc/>
    public void Started(PreferenceRun run, PreferenceOptions options, long steps) => Tell(observer => observer.Started(run, options, steps));

    /// <inheritdoc/>
    public void Changed(PreferenceStatus status) => Tell(observer => observer.Changed(status));

    /// <inheritdoc/>
    public void Updated(int update, IReadOnlyDictionary<string, double> metrics) => Tell(observer => observer.Updated(update, metrics));

    /// <inheritdoc/>
    public void Asked(IReadOnlyList<Query> queries) => Tell(observer => observer.Asked(queries));

    /// <inheritdoc/>
    public void Filmed(RecordedClip clip, IReadOnlyList<float> predicted) => Tell(observer => observer.Filmed(clip, predicted));

    /// <inheritdoc/>
    public void Collapsed(int member, int collapses) => Tell(observer => observer.Collapsed(member, collapses));

    /// <inheritdoc/>
    public void Warned(string message) => Tell(observer => observer.Warned(message));

    /// <inheritdoc/>
    public void Finished(PreferenceStatus status) => Tell(observer => observer.Finished(status));

    private void Tell(Action<IPreferenceObserver> message)
    {
        foreach (IPreferenceObserver observer in _observers)
            message(observer);
    }
}
