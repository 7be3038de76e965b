using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>
/// Proximal policy optimisation of a language model against a reward, held close to a reference by a KL penalty (Ziegler et al. 2019;
/// Ouyang et al. 2022; TRL's PPOTrainer step by step).
/// </summary>
/// <remarks>Same seed, machine and thread count: the same weights bit for bit, also through a resume.</remarks>
public sealed class PpoTrainer : IDisposable
{
    private const ulong PromptKey = 0x7072_6F6D; // A stream of its own: "prom".

    private readonly IKernels _kernels;
    private readonly PpoConfig _config;
    private readonly PpoModels _models;
    private readonly PpoData _data;
    private readonly IRewardFunction _reward;
    private readonly ITrainingObserver? _observer;
    private readonly ShuffledOrder _promptOrder;
    private readonly MiniBatches _miniBatches;
    private readonly ResponseSampler _sampler;
    private readonly ResponseLogprobs _reference, _recompute;
    private readonly PolicyLearner _policy;
    private readonly ValueLearner _value;
    private readonly PpoOptimization _optimization;
    private readonly KlController _kl;
    private readonly LearningRateSchedule _policyRate, _valueRate;
    private readonly PpoReport _report;

    /// <summary>A trainer at update 0.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="models">Policy, reference and value model.</param>
    /// <param name="reward">Scores completions.</param>
    /// <param name="data">Prompts, tokenizer, pretraining text.</param>
    /// <param name="config">Settings.</param>
    /// <param name="observer">Sees progress, metrics and completions.</param>
    /// <exception cref="ArgumentException">A setting is out of range, the data are empty, or policy and reference are one object.</exception>
    public PpoTrainer(
        IKernels kernels, PpoModels models, IRewardFunction reward, PpoData data, PpoConfig config, ITrainingObserver? observer = null)
    {
        config.Validate();
        PpoDataRules.Check(models, data, config);
        (_kernels, _models, _reward, _data, _config, _observer) = (kernels, models, reward, data, config, observer);
        TotalUpdates = config.TotalUpdates(data.Prompts.Count);
        _promptOrder = new ShuffledOrder(data.Prompts.Count, config.Seed ^ PromptKey);
        _miniBatches = new MiniBatches(config);
        _sampler = new ResponseSampler(kernels, models.Policy, config, data);
        _reference = new ResponseLogprobs(kernels, models.Reference, config);
        _recompute = new ResponseLogprobs(kernels, models.Policy, config);
        _policy = new PolicyLearner(kernels, models.Policy, config);
        _value = new ValueLearner(kernels, models.Value, config);
        PretrainingMix? pretraining = config.PtxCoef > 0 ? new PretrainingMix(kernels, models.Policy, config, data.Pretraining) : null;
        _optimization = new PpoOptimization(kernels, config, _policy, _value, pretraining, _miniBatches);
        _kl = new KlController(config.KlCoef, config.AdaptiveKlTarget, config.AdaptiveKlHorizon);
        _policyRate = PpoOptimizers.Schedule(config, config.LearningRate, TotalUpdates);
        _valueRate = PpoOptimizers.Schedule(config, config.ValueLearningRate ?? config.LearningRate, TotalUpdates);
        _report = new PpoReport(config);
    }

    /// <summary>Updates made.</summary>
    public int Update { get; private set; }

    /// <summary>Updates of the whole run.</summary>
    public int TotalUpdates { get; }

    /// <summary>Trains from the current update to the last.</summary>
    /// <param name="run">Where checkpoints go; none without it.</param>
    /// <param name="cancellation">Ends the run after the current update.</param>
    /// <exception cref="TrainingDivergedException">NaN or infinity: names the first bad tensor; the last good checkpoint stays.</exception>
    public void Train(TrainingRun? run = null, CancellationToken cancellation = default)
    {
        _observer?.Started("ppo", TotalUpdates, Update);
        while (Update < TotalUpdates)
        {
            cancellation.ThrowIfCancellationRequested();
            var clock = new PhaseClock();
            using Rollout rollout = Collect(clock);
            double klCoef = _kl.Coefficient;
            ShapeRewards(rollout.Batch, klCoef);
            AdvantageEstimation.Apply(
                _kernels, rollout.Batch, _config.Gamma, _config.Lam, _config.WhitenRewards, _config.Conventions);
            var statistics = RolloutStatistics.Of(rollout.Batch, klCoef, _config.Conventions.Metrics);
            OptimizationResult result = Optimize(rollout, clock);
            _kl.Update(statistics.Kl, _config.BatchSize);
            Update++;
            _observer?.Stepped(Update, _report.Metrics(Update, rollout, statistics, result, klCoef, _policyRate.At(Update - 1), clock));
            _observer?.Drew(Update, (long)(Update - 1) * _config.BatchSize, rollout.Drawn);
            _observer?.Collected(Update, PpoReport.Notable(rollout, _config.LoggedCompletions));
            if (_config.NumSampleGenerations > 0 && (Update - 1) % Math.Max(1, TotalUpdates / _config.NumSampleGenerations) == 0)
                _observer?.Sampled(Update, SampleCompletions());
            if (_config.SaveSteps > 0 && Update % _config.SaveSteps == 0 && Update < TotalUpdates)
                run?.SaveCheckpoint(Update, WriteCheckpoint, _policy.Buffers, _value.Buffers);
        }
    }

    /// <summary>Answers the evaluation prompts at next to no temperature and scores them: TRL's table.</summary>
    public IReadOnlyList<CompletionSample> SampleCompletions(int count = 8)
    {
        TokenText[] prompts = [.. (_data.EvalPrompts.Count > 0 ? _data.EvalPrompts : _data.Prompts).Take(count)];
        using Rollout rollout = _sampler.Sample(prompts, firstEpisode: 0, temperature: 0.01f, replay: false);
        float[] scores = new float[prompts.Length];
        _reward.Score(rollout.Completions, scores);
        return [.. rollout.Completions.Select((completion, i) => PpoReport.Sample(completion, scores[i], double.NaN))];
    }

    /// <summary>Writes policy, value model, their optimizers and the position to a directory, for <see cref="Resume"/>.</summary>
    public void WriteCheckpoint(string directory)
    {
        _models.Policy.Save(TrainingRun.ModelDirectory(directory));
        _models.Value.Save(ValueDirectory(directory));
        _policy.Optimizer.Save(Path.Combine(directory, "policy_optimizer.safetensors"));
        _value.Optimizer.Save(Path.Combine(directory, "value_optimizer.safetensors"));
        new PpoState(Update, _kl.Coefficient).Save(directory);
    }

    /// <summary>Goes on bit for bit where a checkpoint was written; policy and value model must have been loaded from it.</summary>
    /// <exception cref="DataFormatException">Not a checkpoint of such a run.</exception>
    public void Resume(string directory)
    {
        PpoState state = PpoState.Load(directory);
        _policy.Optimizer.Load(Path.Combine(directory, "policy_optimizer.safetensors"));
        _value.Optimizer.Load(Path.Combine(directory, "value_optimizer.safetensors"));
        (Update, _kl.Coefficient) = (state.Update, state.KlCoef);
    }

    /// <summary>Writes the finished policy (<c>model/</c>), the value model (<c>value/</c>) and, where there is one, the policy's average (<c>ema/</c>).</summary>
    /// <param name="run">The run's directory.</param>
    /// <param name="alsoWrite">Adds files (the tokenizer) to a model's directory.</param>
    public void Finish(TrainingRun run, Action<string>? alsoWrite = null)
    {
        run.Finish(
            Update,
            directory =>
            {
                _models.Policy.Save(directory, alsoWrite: alsoWrite);
                _models.Value.Save(ValueDirectory(run.Directory), alsoWrite: alsoWrite);
                if (_config.EmaDecay is not null)
                    SaveAverage(Path.Combine(run.Directory, "ema"), alsoWrite);
            },
            _policy.Buffers,
            _value.Buffers);
    }

    /// <summary>Where a run or checkpoint has its value model.</summary>
    public static string ValueDirectory(string directory) => Path.Combine(directory, "value");

    /// <inheritdoc/>
    public void Dispose()
    {
        _sampler.Dispose();
        _reference.Dispose();
        _recompute.Dispose();
        _policy.Dispose();
        _value.Dispose();
        _optimization.Dispose();
    }

    /// <summary>Prompts → responses → old and reference log-probs, values, scores.</summary>
    private Rollout Collect(PhaseClock clock)
    {
        long episode = (long)Update * _config.BatchSize;
        TokenText[] prompts = Array.ConvertAll(_promptOrder.Take(episode, _config.BatchSize), index => _data.Prompts[index]);
        Rollout rollout = null!;
        clock.Run(MetricNames.TimeGenerate, () => rollout = _sampler.Sample(prompts, episode, _config.Temperature, replay: true));
        RolloutBatch batch = rollout.Batch;
        List<int[]> parts = RolloutParts();
        for (int part = 0; part < parts.Count; part++)
        {
            int[] rows = parts[part];
            if (_config.OldLogprobs == OldLogprobs.Recompute)
                clock.Run(MetricNames.TimeReference, () => _recompute.Compute(rollout.Prompts, batch, rows, batch.Logprobs));
            clock.Run(MetricNames.TimeReference, () => _reference.Compute(rollout.Prompts, batch, rows, batch.RefLogprobs));
            clock.Run(MetricNames.TimeValue, () => _value.Evaluate(rollout.Prompts, batch, rows));
            _observer?.Progressed("reference", part + 1, parts.Count);
        }

        float[] scores = new float[batch.Batch];
        clock.Run(MetricNames.TimeReward, () => _reward.Score(rollout.Completions, scores));
        for (int b = 0; b < scores.Length; b++)
        {
            View<float> column = batch.Scores;
            column[b] = scores[b];
        }

        FiniteGuard.Check(rollout, Update + 1);
        return rollout;
    }

    /// <summary>Rows of each rollout forward pass. Recomputed log-probs need the very micro-batches of the first epoch to have their bits.</summary>
    private List<int[]> RolloutParts() => _config.OldLogprobs == OldLogprobs.Recompute
        ? [.. _miniBatches.Of(Update, 0).SelectMany(_miniBatches.Split)]
        : [.. Enumerable.Range(0, _config.BatchSize).Chunk(_config.LocalRolloutForwardBatchSize)];

    private void ShapeRewards(RolloutBatch batch, double klCoef) => RewardShaping.Apply(
        _kernels,
        batch,
        (float)klCoef,
        _config.KlEstimator,
        _config.MissingEosPenalty,
        _config.Conventions,
        _config.RewardGain,
        _config.RewardBias,
        _config.RewardClip ?? float.PositiveInfinity);

    private OptimizationResult Optimize(Rollout rollout, PhaseClock clock)
    {
        OptimizationResult result = null!;
        clock.Run(
            MetricNames.TimeOptimize,
            () => result = _optimization.Run(rollout, Update, _policyRate.At(Update), _valueRate.At(Update), _observer));
        return result;
    }

    private void SaveAverage(string directory, Action<string>? alsoWrite)
    {
        using LanguageModel average = _models.Policy.Clone();
        View<float> weights = average.Transformer.Weights, ema = _policy.Optimizer.Ema;
        for (int i = 0; i < weights.Rows; i++)
            weights[i] = ema[i];
        average.Save(directory, alsoWrite: alsoWrite);
    }
}
