using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Kernels.Policy;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>
/// Proximal policy optimisation for control (Schulman et al. 2017) with the 13 core details and the 9 of continuous control of Huang et
/// al. 2022. Observations are normalised by the moments of earlier rollouts, not of each step.
/// </summary>
/// <remarks>Same seed, machine and thread count: the same weights bit for bit, also through a resume.</remarks>
public sealed class ControlPpoTrainer : IControlTrainer
{
    private const ulong OrderKey = 0x6D69_6E69; // A stream of its own: "mini".
    private const string OptimizerFile = "optimizer.safetensors";
    private readonly IKernels _kernels;
    private readonly ControlPpoConfig _config;
    private readonly Experience _experience;
    private readonly Critic _critic;
    private readonly ClippedSurrogate _surrogate;
    private readonly JointOptimizer _optimizer;
    private readonly ShuffledOrder _order;

    /// <summary>A trainer at update 0.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="environments">Stay the caller's; no one else steps them.</param>
    /// <param name="config">Settings.</param>
    /// <param name="rewards">What is learned from; <see cref="ReturnScaledReward"/> unless given.</param>
    /// <param name="observer">Sees each step of the environments.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public ControlPpoTrainer(
        IKernels kernels, VectorEnvironment environments, ControlPpoConfig config, IRewardSource? rewards = null, IRolloutObserver? observer = null)
    {
        config.Validate();
        ControlRules.RequireVector(environments.Spec, "ppo");
        (_kernels, _config) = (kernels, config);
        int steps = Math.Max(1, config.BatchSize / environments.Count);
        Policy = new ControlPolicy(kernels, environments.Spec, config.Policy, config.Seed);
        rewards ??= new ReturnScaledReward(environments.Count, config.Gamma);
        _experience = new Experience(environments, Policy, rewards, observer, steps, config.Seed);
        _critic = new Critic(kernels, environments.Spec.ObservationLength, config.CriticHiddenSizes, config.Seed + 1);
        _surrogate = new ClippedSurrogate(kernels, Policy, config);
        _optimizer = new JointOptimizer(kernels, ControlOptimizers.Adam(config), [.. Policy.Trained, ("critic", _critic.Buffers)]);
        _order = new ShuffledOrder(_experience.Rollout.Count, config.Seed ^ OrderKey);
        TotalUpdates = ControlRules.Updates(config.TotalSteps, _experience.Rollout.Count);
    }

    /// <inheritdoc/>
    public string Algorithm => "ppo";

    /// <inheritdoc/>
    public ControlPolicy Policy { get; }

    /// <inheritdoc/>
    public int Update { get; private set; }

    /// <inheritdoc/>
    public int TotalUpdates { get; }

    /// <inheritdoc/>
    public int UpdateSteps => _experience.Rollout.Count;

    /// <inheritdoc/>
    public long Steps => _experience.Steps;

    /// <inheritdoc/>
    public void Train(ITrainingObserver? observer = null, TrainingRun? run = null, CancellationToken cancellation = default) =>
        ControlLoop.Run(this, _config.SaveUpdates, observer, run, cancellation);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Iterate()
    {
        ControlRollout rollout = _experience.Rollout;
        _experience.Collect(Update);
        _critic.Estimate(rollout);
        AdvantageEstimator.Estimate(_kernels, rollout, _config.Gamma, _config.Lambda);
        PpoClipStats policy = default;
        ValueClipStats value = default;
        double norms = 0;
        float learningRate = LearningRate();
        int size = Math.Max(1, rollout.Count / _config.MiniBatches), first = _optimizer.StepCount;
        long position = (long)Update * _config.Epochs * rollout.Count;
        for (int epoch = 0; epoch < _config.Epochs; epoch++, position += rollout.Count)
        {
            for (int start = 0; start < rollout.Count; start += size)
            {
                int[] steps = _order.Take(position + start, Math.Min(size, rollout.Count - start));
                _optimizer.ZeroGradients();
                PpoClipStats surrogate = _surrogate.Accumulate(rollout, steps);
                float clip = (float)(_config.ValueClipRange ?? double.PositiveInfinity);
                ValueClipStats fit = _critic.Accumulate(rollout, steps, clip, (float)_config.ValueCoef);
                TrainingDivergedException.ThrowIfNotFinite(surrogate.Loss + fit.Loss, MetricNames.ControlPolicyLoss, Update + 1, Policy.Buffers);
                norms += _optimizer.Step(learningRate);
                policy += surrogate;
                value += fit;
            }
        }

        Dictionary<string, double> metrics = ControlRules.Due(Update, _config.LoggingUpdates, TotalUpdates)
            ? Metrics(policy, value, _optimizer.StepCount - first, norms, learningRate)
            : [];
        _experience.UpdateNormalizer();
        Update++;
        return metrics;
    }

    /// <inheritdoc/>
    public void WriteCheckpoint(string directory)
    {
        _experience.Save(directory);
        _critic.Save(directory);
        _optimizer.Save(Path.Combine(directory, OptimizerFile));
        new ControlState(Algorithm, Update).Save(directory);
    }

    /// <inheritdoc/>
    public void Resume(string directory)
    {
        int update = ControlState.Load(directory, Algorithm);
        _experience.Load(directory);
        _critic.Load(directory);
        _optimizer.Load(Path.Combine(directory, OptimizerFile));
        Update = update;
    }

    /// <inheritdoc/>
    public void Finish(TrainingRun run) => run.Finish(Update, Policy.Save, [.. Policy.Trained.Select(part => part.Buffers)]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _surrogate.Dispose();
        _optimizer.Dispose();
        _critic.Dispose();
        _experience.Dispose();
        Policy.Dispose();
    }

    private float LearningRate() =>
        (float)(_config.LearningRate * (_config.AnnealLearningRate ? 1 - (Update / (double)TotalUpdates) : 1));

    private Dictionary<string, double> Metrics(PpoClipStats policy, ValueClipStats value, int steps, double norms, float learningRate)
    {
        Dictionary<string, double> metrics = _experience.Metrics();
        metrics[MetricNames.ControlPolicyLoss] = policy.Loss / steps;
        metrics[MetricNames.ControlKl] = policy.KlMean;
        metrics[MetricNames.ControlClipFraction] = policy.ClipFraction;
        metrics[MetricNames.ControlEntropy] = _surrogate.MeanEntropy;
        metrics[MetricNames.ControlValueLoss] = value.SquaredError / value.Count;
        metrics[MetricNames.ControlGradNorm] = norms / steps;
        metrics[MetricNames.ControlLearningRate] = learningRate;
        return metrics;
    }
}
