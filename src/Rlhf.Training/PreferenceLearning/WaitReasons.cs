namespace Rlhf.Training.PreferenceLearning;

/// <summary>What each activity waits for, and the signal that wakes them when something moved.</summary>
internal sealed class WaitReasons : IDisposable
{
    // Labels may come from other processes, which cannot wake anybody here.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(100);
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _moved = new(false);

    public string? Policy { get; private set; }

    public string? Queries { get; private set; }

    public string? Fitting { get; private set; }

    /// <summary>Told after a reason changed; on the thread that changed it.</summary>
    public Action? Changed { get; set; }

    public void SetPolicy(string? reason) => Set(() => (Policy != reason, Policy = reason).Item1);

    public void SetQueries(string? reason) => Set(() => (Queries != reason, Queries = reason).Item1);

    public void SetFitting(string? reason) => Set(() => (Fitting != reason, Fitting = reason).Item1);

    /// <summary>Something that others may wait for has moved.</summary>
    public void Signal() => _moved.Set();

    /// <summary>Sleeps until something moves, or a moment.</summary>
    public void Sleep(CancellationToken cancellation)
    {
        _moved.Wait(LongestSleep, cancellation);
        _moved.Reset();
    }

    public void Dispose() => _moved.Dispose();

    private void Set(Func<bool> change)
    {
        bool changed;
        lock (_lock)
            changed = change();
        if (changed)
            Changed?.Invoke();
    }
}
