using System.Diagnostics;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Sft;

/// <summary>
/// Supervised fine-tuning: maximum likelihood of the counted tokens. The loss of a step is the mean over all counted tokens of its
/// batch, however that is split into micro-batches.
/// </summary>
/// <remarks>Same seed, same machine and thread count: the same weights bit for bit, also through a resume.</remarks>
public sealed class SftTrainer : IDisposable
{
    private readonly LanguageModel _model;
    private readonly SftConfig _config;
    private readonly IReadOnlyList<LanguageExample> _examples;
    private readonly ParameterBuffers _buffers;
    private readonly AdamWOptimizer _optimizer;
    private readonly LanguageModelLoss _loss;
    private readonly ShuffledOrder _order;
    private readonly LearningRateSchedule _schedule;
    private long _tokens;

    /// <summary>A trainer at step 0.</summary>
    /// <param name="model">Trained in place; stays the caller's.</param>
    /// <param name="kernels">Backend.</param>
    /// <param name="examples">Training examples.</param>
    /// <param name="config">Settings.</param>
    public SftTrainer(LanguageModel model, IKernels kernels, IReadOnlyList<LanguageExample> examples, SftConfig config)
    {
        _model = model;
        _config = config;
        _examples = examples;
        _buffers = ParameterBuffers.Of(model.Transformer);
        _optimizer = new AdamWOptimizer(kernels, _buffers, config.Optimizer);
        _loss = new LanguageModelLoss(model, kernels);
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

    /// <summary>Trains from the current step to the last.</summary>
    /// <param name="observer">Sees the metrics every <see cref="SftConfig.LoggingSteps"/>.</param>
    /// <param name="heldOut">Examples for the evaluations; may be left out.</param>
    /// <param name="run">Where checkpoints go; none without it.</param>
    /// <param name="cancellation">Ends the run after the current step.</param>
    /// <exception cref="TrainingDivergedException">NaN or infinity: the weights are those before the step.</exception>
    public void Train(
        ITrainingObserver? observer = null,
        IReadOnlyList<LanguageExample>? heldOut = null,
        TrainingRun? run = null,
        CancellationToken cancellation = default)
    {
        observer?.Started("sft", TotalSteps, Step);
        var clock = Stopwatch.StartNew();
        long tokensBefore = _tokens;
        while (Step < TotalSteps)
        {
            cancellation.ThrowIfCancellationRequested();
            bool log = Due(_config.LoggingSteps);
            Dictionary<string, double> metrics = TrainStep(log);
            if (log)
            {
                metrics[MetricNames.TokensPerSecond] = (_tokens - tokensBefore) / clock.Elapsed.TotalSeconds;
                (tokensBefore, clock) = (_tokens, Stopwatch.StartNew());
            }

            if (heldOut is not null && DueAfterStep(_config.EvalSteps))
            {
                LanguageModelSums evaluation = Evaluate(heldOut);
                metrics[MetricNames.EvalLoss] = evaluation.MeanLoss;
                metrics[MetricNames.EvalPerplexity] = evaluation.Perplexity;
            }

            if (metrics.Count > 0)
                observer?.Stepped(Step, metrics);
            if (run is not null && _config.SaveSteps > 0 && Step % _config.SaveSteps == 0 && Step < TotalSteps)
            {
                RequireFiniteLoss();
                run.SaveCheckpoint(Step, WriteCheckpoint, _buffers);
            }
        }

        RequireFiniteLoss();
    }

    /// <summary>Loss of held-out examples: mean nats a token, perplexity, entropy.</summary>
    public LanguageModelSums Evaluate(IReadOnlyList<LanguageExample> examples) => _loss.Evaluate(examples, MicroBatchSize);

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

    private bool Due(int every) => (every > 0 && (Step + 1) % every == 0) || Step == 0 || Step + 1 == TotalSteps;

    private bool DueAfterStep(int every) => (every > 0 && Step % every == 0) || Step == TotalSteps;

    /// <summary>Finite weights may still be ruined ones; only a model that has a loss is worth keeping.</summary>
    private void RequireFiniteLoss() => TrainingDivergedException.ThrowIfNotFinite(
        _loss.Forward([_examples[_order[(long)Step * _config.BatchSize]]]).MeanLoss, MetricNames.Loss, Step + 1, _buffers);

    private Dictionary<string, double> TrainStep(bool log)
    {
        int[] indices = _order.Take((long)Step * _config.BatchSize, _config.BatchSize);
        long normalizer = indices.Sum(index => (long)_examples[index].TargetCount);
        _optimizer.ZeroGradients();
        LanguageModelSums sums = default;
        foreach (int[] micro in indices.Chunk(MicroBatchSize))
            sums += _loss.Backward(Array.ConvertAll(micro, index => _examples[index]), normalizer, withEntropy: log);
        TrainingDivergedException.ThrowIfNotFinite(sums.MeanLoss, MetricNames.Loss, Step + 1, _buffers);
        float learningRate = _schedule.At(Step);
        float norm = _optimizer.Step(learningRate);
        _tokens += sums.Tokens;
        return !log ? [] : new()
        {
            [MetricNames.Loss] = sums.MeanLoss,
            [MetricNames.TokenEntropy] = sums.MeanEntropy,
            [MetricNames.NumTokens] = _tokens,
            [MetricNames.SupervisedLearningRate] = learningRate,
            [MetricNames.GradNorm] = norm,
            [MetricNames.Epoch] = (double)Step * _config.BatchSize / _examples.Count,
        };
    }
}
