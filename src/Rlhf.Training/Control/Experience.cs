using System.Diagnostics;
using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>What every algorithm begins an update with: a rollout of the current policy, with the rewards that are to be learned from.</summary>
internal sealed class Experience : IDisposable
{
    private const string EnvironmentsFile = "environments.json";
    private readonly VectorEnvironment _environments;
    private readonly ControlPolicy _policy;
    private readonly IRewardSource _rewards;
    private readonly RolloutCollector _collector;
    private long _lineStart = Stopwatch.GetTimestamp(), _lineSteps;
    private double _rolloutSeconds;

    public Experience(
        VectorEnvironment environments, ControlPolicy policy, IRewardSource rewards, IRolloutObserver? observer, int steps, ulong seed)
    {
        (_environments, _policy, _rewards) = (environments, policy, rewards);
        _collector = new RolloutCollector(environments, policy, seed, observer);
        Rollout = new ControlRollout(environments.Spec, environments.Count, steps, normalized: policy.Normalizer is not null);
    }

    public ControlRollout Rollout { get; }

    /// <summary>Environment steps made, all environments together.</summary>
    public long Steps => _collector.Steps * _environments.Count;

    /// <summary>Acts, then asks for the rewards of the batch.</summary>
    /// <param name="update">Number of the update, from 0.</param>
    /// <exception cref="TrainingDivergedException">NaN or infinity in what the policy or the reward gave.</exception>
    public void Collect(int update)
    {
        long start = Stopwatch.GetTimestamp();
        _collector.Collect(Rollout);
        _rolloutSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        RequireFinite("logprobs", Rollout.Logprobs, update);
        _rewards.Fill(Rollout);
        RequireFinite("rewards", Rollout.Rewards, update);
    }

    /// <summary>The observations of the rollout enter the moments that the next one is seen by.</summary>
    public void UpdateNormalizer() => _policy.Normalizer?.Update(Rollout.Observations);

    /// <summary>The part of a log line that all algorithms share; begins the next line.</summary>
    public Dictionary<string, double> Metrics()
    {
        EpisodeSummary episodes = _environments.EpisodeStatistics.Take();
        Dictionary<string, double> metrics = new()
        {
            [MetricNames.ControlTimesteps] = Steps,
            [MetricNames.EpisodeCount] = episodes.Count,
        };
        if (episodes.Count > 0)
        {
            metrics[MetricNames.EpisodeReturn] = episodes.MeanReturn;
            metrics[MetricNames.EpisodeLength] = episodes.MeanLength;
        }

        if (_environments.Diverged > 0)
            metrics[MetricNames.EpisodesDiverged] = _environments.Diverged;
        metrics[MetricNames.RolloutReward] = Vectors.Mean(Rollout.Rewards);
        metrics[MetricNames.ControlExplainedVariance] = ExplainedVariance(Vectors.Span(Rollout.Values), Vectors.Span(Rollout.Returns));
        if (!_policy.LogStds.IsEmpty)
        {
            double sum = 0;
            foreach (float logStd in Vectors.Span(_policy.LogStds))
                sum += Math.Exp(logStd);
            metrics[MetricNames.PolicyStd] = sum / _policy.LogStds.Rows;
        }

        metrics[MetricNames.ControlStepsPerSecond] = (Steps - _lineSteps) / Stopwatch.GetElapsedTime(_lineStart).TotalSeconds;
        metrics[MetricNames.ControlTimeRollout] = _rolloutSeconds;
        (_lineStart, _lineSteps) = (Stopwatch.GetTimestamp(), Steps);
        return metrics;
    }

    public void Save(string directory)
    {
        _policy.Save(TrainingRun.ModelDirectory(directory));
        _collector.Save(Path.Combine(directory, EnvironmentsFile));
        _rewards.WriteState(directory);
    }

    /// <exception cref="DataFormatException">Not of such a run.</exception>
    public void Load(string directory)
    {
        _policy.Restore(TrainingRun.ModelDirectory(directory));
        _collector.Load(Path.Combine(directory, EnvironmentsFile));
        _rewards.ReadState(directory);
        (_lineStart, _lineSteps) = (Stopwatch.GetTimestamp(), Steps);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _collector.Dispose();
        Rollout.Dispose();
    }

    /// <summary>1 − Var(return − value) / Var(return); 0 where the returns do not vary.</summary>
    internal static double ExplainedVariance(ReadOnlySpan<float> values, ReadOnlySpan<float> returns)
    {
        double mean = 0, errorMean = 0, variance = 0, errorVariance = 0;
        for (int i = 0; i < values.Length; i++)
        {
            mean += returns[i];
            errorMean += returns[i] - (double)values[i];
        }

        (mean, errorMean) = (mean / values.Length, errorMean / values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            double error = returns[i] - (double)values[i] - errorMean;
            variance += (returns[i] - mean) * (returns[i] - mean);
            errorVariance += error * error;
        }

        return variance > 0 ? 1 - (errorVariance / variance) : 0;
    }

    private void RequireFinite(string name, ReadOnlyView<float> values, int update)
    {
        ReadOnlySpan<float> span = Vectors.Span(values);
        for (int i = 0; i < span.Length; i++)
        {
            if (!float.IsFinite(span[i]))
            {
                throw TrainingDivergedException.At(
                    update + 1, $"{name} of step {i / _environments.Count}, environment {i % _environments.Count} is {span[i]}", _policy.Buffers);
            }
        }
    }
}
