namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// The newest reward model, between those who fit it and those who use it. A reader takes a whole one or keeps what it has: never weights of
/// one fit with the moments of another.
/// </summary>
internal sealed class RewardExchange(RewardEnsemble first) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly RewardEnsemble _published = first.Clone();

    /// <summary>Optimizer steps that the newest one has seen.</summary>
    public long FittedSteps
    {
        get
        {
            lock (_lock)
                return _published.FittedSteps;
        }
    }

    /// <summary>Makes a copy of an ensemble the newest.</summary>
    public void Publish(RewardEnsemble ensemble)
    {
        lock (_lock)
            _published.CopyFrom(ensemble);
    }

    /// <summary>Brings a reader's ensemble up to date.</summary>
    public void Take(RewardEnsemble ensemble)
    {
        lock (_lock)
        {
            if (ensemble.FittedSteps != _published.FittedSteps)
                ensemble.CopyFrom(_published);
        }
    }

    public void Dispose() => _published.Dispose();
}
