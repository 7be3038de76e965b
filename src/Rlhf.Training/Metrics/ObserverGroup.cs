namespace Rlhf.Training.Metrics;

/// <summary>Several observers as one, told in order.</summary>
public sealed class ObserverGroup(params IReadOnlyList<ITrainingObserver> observers) : ITrainingObserver
{
    /// <inheritdoc/>
    public void Started(string algorithm, int totalSteps, int firstStep)
    {
        foreach (ITrainingObserver observer in observers)
            observer.Started(algorithm, totalSteps, firstStep);
    }

    /// <inheritdoc/>
    public void Progressed(string phase, int done, int parts)
    {
        foreach (ITrainingObserver observer in observers)
            observer.Progressed(phase, done, parts);
    }

    /// <inheritdoc/>
    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        foreach (ITrainingObserver observer in observers)
            observer.Stepped(step, metrics);
    }

    /// <inheritdoc/>
    public void Drew(int step, long firstEpisode, IReadOnlyList<int[]> responses)
    {
        foreach (ITrainingObserver observer in observers)
            observer.Drew(step, firstEpisode, responses);
    }

    /// <inheritdoc/>
    public void Collected(int step, IReadOnlyList<CompletionSample> samples)
    {
        foreach (ITrainingObserver observer in observers)
            observer.Collected(step, samples);
    }

    /// <inheritdoc/>
    public void Sampled(int step, IReadOnlyList<CompletionSample> samples)
    {
        foreach (ITrainingObserver observer in observers)
            observer.Sampled(step, samples);
    }
}
