using System.Diagnostics;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// What the policy learns from: the newest r̂ of every step of a batch, brought to mean 0 and a constant deviation (Christiano et al. 2017,
/// §2.2.1). Keeps the batch for clips on the way.
/// </summary>
internal sealed class LearnedReward : IRewardSource, IDisposable
{
    private const int ScaleRows = 2048;
    private readonly RewardExchange _exchange;
    private readonly RewardEnsemble _ensemble;
    private readonly SegmentBuffer _buffer;
    private readonly TrajectoryRecorder _recorder;
    private readonly RecentPredictions _recent;
    private readonly InputMoments _moments;
    private readonly Action<string, RewardScale> _save;
    private readonly Action<string> _load;
    private float[] _predictions = [];

    public LearnedReward(
        RewardExchange exchange,
        RewardEnsemble ensemble,
        SegmentBuffer buffer,
        TrajectoryRecorder recorder,
        InputMoments moments,
        (Action<string, RewardScale> Save, Action<string> Load) state)
    {
        (_exchange, _ensemble, _buffer, _recorder, _moments) = (exchange, ensemble, buffer, recorder, moments);
        (_save, _load) = state;
        _recent = new RecentPredictions(ensemble.Members, ScaleRows);
    }

    /// <summary>Environment steps of the run before the trainer's first.</summary>
    public long FirstStep { get; set; }

    /// <summary>The last batch's.</summary>
    public RewardScale Scale => _ensemble.Scale;

    /// <summary>What the last batch was like, under the names of <see cref="MetricNames"/>.</summary>
    public Dictionary<string, double> Metrics { get; } = [];

    public void Fill(ControlRollout rollout)
    {
        _buffer.Add(rollout, _recorder.States, _recorder.Poses, FirstStep + (rollout.FirstStep * rollout.Environments));
        _moments.Observe(rollout);
        long start = Stopwatch.GetTimestamp();
        _exchange.Take(_ensemble);
        _ensemble.Predict(rollout, ref _predictions);
        _ensemble.Scale = rollout.Count >= ScaleRows
            ? RewardScale.Of(_predictions, _ensemble.Members, _ensemble.RewardStd)
            : _recent.Scale(_predictions, _ensemble.RewardStd);
        _ensemble.Scale.Apply(_predictions, Vectors.Span(rollout.Rewards));
        Metrics[MetricNames.TimeReward] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Metrics[MetricNames.RewardCorrelation] = Correlation.Of(Vectors.Span(rollout.Rewards), Vectors.Span(rollout.TrueRewards));
        Metrics[MetricNames.RewardStaleness] = _exchange.FittedSteps - _ensemble.FittedSteps;
    }

    public void WriteState(string directory) => _save(directory, Scale);

    public void ReadState(string directory)
    {
        _load(directory);
        _exchange.Take(_ensemble);
    }

    /// <summary>The current reward of each step of a clip.</summary>
    public float[] Predict(RecordedClip clip)
    {
        float[] predictions = new float[_ensemble.Members * clip.Segment.Length], rewards = new float[clip.Segment.Length];
        _ensemble.Predict(clip.Segment.Observations, clip.Segment.Actions, predictions);
        _ensemble.Scale.Apply(predictions, rewards);
        return rewards;
    }

    public void Dispose() => _ensemble.Dispose();
}
