namespace Rlhf.Training.Metrics;

/// <summary>Watches a run: a terminal view, a log, a test. Called on the training thread; what it throws ends the run.</summary>
public interface ITrainingObserver
{
    /// <summary>A run begins.</summary>
    /// <param name="algorithm">sft, reward or ppo.</param>
    /// <param name="totalSteps">Steps it will make.</param>
    /// <param name="firstStep">Steps it has made already, when resumed.</param>
    void Started(string algorithm, int totalSteps, int firstStep)
    {
    }

    /// <summary>Work within a step goes on.</summary>
    /// <param name="phase">generate, reference, reward, value, optimise.</param>
    /// <param name="done">Parts done.</param>
    /// <param name="parts">Parts in all.</param>
    void Progressed(string phase, int done, int parts)
    {
    }

    /// <summary>A step is over.</summary>
    /// <param name="step">Its number, from 1.</param>
    /// <param name="metrics">Names of <see cref="MetricNames"/> and values, in logging order.</param>
    void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
    }

    /// <summary>The responses of a step's rollout, as they were drawn.</summary>
    /// <param name="step">Its number, from 1.</param>
    /// <param name="firstEpisode">Number of the first response in the run.</param>
    /// <param name="responses">Token ids, those after a stop token included.</param>
    void Drew(int step, long firstEpisode, IReadOnlyList<int[]> responses)
    {
    }

    /// <summary>Some completions of a step's rollout: the first ones and those farthest from the reference.</summary>
    void Collected(int step, IReadOnlyList<CompletionSample> samples)
    {
    }

    /// <summary>Completions were sampled for reading, at next to no temperature (TRL's table).</summary>
    void Sampled(int step, IReadOnlyList<CompletionSample> samples)
    {
    }
}
