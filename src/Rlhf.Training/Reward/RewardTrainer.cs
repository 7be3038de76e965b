using System.Diagnostics;
using Rlhf.Kernels;
using Rlhf.Kernels.Preference;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Reward;

/// <summary>
/// Trains a reward model from comparisons. A batch is so many prompts, each with all its pairs as one element: one forward a completion
/// instead of one a pair, and no pair of a prompt is seen after an update by another (InstructGPT, §3.5).
/// </summary>
/// <remarks>Same seed, same machine and thread count: the same weights bit for bit, also through a resume.</remarks>
public sealed class RewardTrainer : IDisposable
{
    private readonly ScalarModel _model;
    private readonly RewardConfig _config;
    private readonly IReadOnlyList<RewardExample> _examples;
    private readonly ParameterBuffers _buffers;
    private readonly AdamWOptimizer _optimizer;
    private readonly RewardLoss _loss;
    private readonly ShuffledOrder _order;
    private readonly LearningRateSchedule _schedule;
    private long _tokens;

    /// <summary>A trainer at step 0.</summary>
    /// <param name="model">Trained in place; stays the caller's.</param>
    /// <param name="kernels">Backend.</param>
    /// <param name="examples">Training examples.</param>
    /// <param name="config">Settings.</param>
    public RewardTrainer(ScalarModel model, IKernels kernels, IReadOnlyList<RewardExample> examples, RewardConfig config)
    {
        _model = model;
        _config = config;
        _examples = examples;
        _buffers = ParameterBuffers.Of(model.Transformer);
        _optimizer = new AdamWOptimizer(kernels, _buffers, config.Optimizer);
        _loss = new RewardLoss(model, kernels, config.CenterRewardsCoefficient, config.LabelNoise);
        _order = new ShuffledOrder(examples.Count, config.Seed);
        _schedule = new LearningRateSchedule
        {
            Peak = config.LearningRate,
            TotalSteps = config.TotalSteps(examples.Count),
            Kind = config.Schedule,
            WarmupSteps = config.WarmupSteps,
            Floor = config.ScheduleFloor,
        };
    }

    /// <summary>Optimizer steps made.</summary>
    public int Step => _optimizer.StepCount;

    /// <summary>Optimizer steps of the whole run.</summary>
    public int TotalSteps => _schedule.TotalSteps;

    /// <summary>Normalises, trains from the current step to the last, normalises again.</summary>
    /// <param name="observer">Sees the metrics every <see cref="RewardConfig.LoggingSteps"/>.</param>
    /// <param name="heldOut">Examples for the evaluations; may be left out.</param>
    /// <param name="normalizer">Sets gain and bias before (at step 0, if configured) and after; they stay 1 and 0 without it.</param>
    /// <param name="run">Where checkpoints go; none without it.</param>
    /// <param name="cancellation">Ends the run after the current step.</param>
    /// <exception cref="TrainingDivergedException">NaN or infinity: the weights are those before the step.</exception>
    public void Train(
        ITrainingObserver? observer = null,
        IReadOnlyList<RewardExample>? heldOut = null,
        RewardNormalizer? normalizer = null,
        TrainingRun? run = null,
        CancellationToken cancellation = default)
    {
        using var scorer = new RewardScorer(_model);
        if (_config.NormalizeBefore && Step == 0)
            normalizer?.Apply(scorer);
        observer?.Started("reward", TotalSteps, Step);
        var clock = Stopwatch.StartNew();
        long tokensBefore = _tokens;
        while (Step < TotalSteps)
        {
            cancellation.ThrowIfCancellationRequested();
            bool log = Step == 0 || Step + 1 == TotalSteps || (_config.LoggingSteps > 0 && (Step + 1) % _config.LoggingSteps == 0);
            Dictionary<string, double> metrics = TrainStep();
            if (log)
            {
                metrics[MetricNames.TokensPerSecond] = (_tokens - tokensBefore) / clock.Elapsed.TotalSeconds;
                (tokensBefore, clock) = (_tokens, Stopwatch.StartNew());
            }

            bool evaluate = heldOut is not null && (Step == TotalSteps || (_config.EvalSteps > 0 && Step % _config.EvalSteps == 0));
            if (evaluate)
            {
                PreferenceStats stats = Evaluate(heldOut!);
                metrics[MetricNames.EvalLoss] = stats.Loss;
                metrics[MetricNames.EvalAccuracy] = stats.Accuracy;
            }

            if (log || evaluate)
                observer?.Stepped(Step, metrics);
            if (run is not null && _config.SaveSteps > 0 && Step % _config.SaveSteps == 0 && Step < TotalSteps)
            {
                RequireFiniteLoss();
                run.SaveCheckpoint(Step, WriteCheckpoint, _buffers);
            }
        }

        RequireFiniteLoss();
        normalizer?.Apply(scorer);
    }

    /// <summary>Loss (mean over prompts), accuracy over pairs, margin and rewards of held-out examples.</summary>
    public PreferenceStats Evaluate(IReadOnlyList<RewardExample> examples) => _loss.Evaluate(examples, MicroBatchSize);

    /// <summary>Writes model, optimizer and position to a directory, for <see cref="Resume"/>.</summary>
    public void WriteCheckpoint(string directory)
    {
        _model.Save(TrainingRun.ModelDirectory(directory));
        _optimizer.Save(Path.Combine(directory, "optimizer.safetensors"));
        TrainingRun.WriteState(directory, new TrainerState(Step, _tokens));
    }

    /// <summary>Goes on bit for bit where a checkpoint was written; the model must have been loaded from it.</summary>
    /// <exception cref="DataFormatException">Not a checkpoint of such a run.</exception>
    public void Resume(string directory)
    {
        TrainerState state = TrainingRun.ReadState(directory);
        _optimizer.Load(Path.Combine(directory, "optimizer.safetensors"));
        if (Step != state.Step)
            throw new DataFormatException($"{directory}: trainer_state.json is at step {state.Step}, optimizer.safetensors at step {Step}");
        _tokens = state.Tokens;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _loss.Dispose();
    }

    private int MicroBatchSize => _config.MicroBatchSize > 0 ? _config.MicroBatchSize : _config.BatchSize;

    /// <summary>Finite weights may still be ruined ones; only a model that has a loss is worth keeping.</summary>
    private void RequireFiniteLoss() => TrainingDivergedException.ThrowIfNotFinite(
        _loss.Forward([_examples[_order[(long)Step * _config.BatchSize]]], normalizer: 1).Loss, MetricNames.Loss, Step + 1, _buffers);

    private Dictionary<string, double> TrainStep()
    {
        int[] indices = _order.Take((long)Step * _config.BatchSize, _config.BatchSize);
        _optimizer.ZeroGradients();
        PreferenceStats? sums = null;
        foreach (int[] micro in indices.Chunk(MicroBatchSize))
        {
            PreferenceStats part = _loss.Backward(Array.ConvertAll(micro, index => _examples[index]), _config.BatchSize);
            sums = sums is null ? part : sums + part;
            _tokens += _loss.TokenCount;
        }

        PreferenceStats stats = sums!.Value;
        TrainingDivergedException.ThrowIfNotFinite(stats.Loss, MetricNames.Loss, Step + 1, _buffers);
        float learningRate = _schedule.At(Step);
        float norm = _optimizer.Step(learningRate);
        return new()
        {
            [MetricNames.Loss] = stats.Loss,
            [MetricNames.Accuracy] = stats.Accuracy,
            [MetricNames.Margin] = stats.MarginMean,
            [MetricNames.MinReward] = stats.RewardMin,
            [MetricNames.MeanReward] = stats.RewardMean,
            [MetricNames.MaxReward] = stats.RewardMax,
            [MetricNames.NumTokens] = _tokens,
            [MetricNames.SupervisedLearningRate] = learningRate,
            [MetricNames.GradNorm] = norm,
            [MetricNames.Epoch] = (double)Step * _config.BatchSize / _examples.Count,
        };
    }
}
