using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>
/// Trust region policy optimisation (Schulman et al. 2015) with generalised advantages (Schulman et al. 2016): what Christiano et al.
/// 2017 train robots with.
/// </summary>
/// <remarks>Same seed, machine and thread count: the same weights bit for bit, also through a resume.</remarks>
public sealed class TrpoTrainer : IControlTrainer
{
    private readonly IKernels _kernels;
    private readonly TrpoConfig _config;
    private readonly Experience _experience;
    private readonly Critic _critic;
    private readonly CriticFit _criticFit;
    private readonly TrustRegion _trustRegion;

    /// <summary>A trainer at update 0.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="environments">Stay the caller's; no one else steps them.</param>
    /// <param name="config">Settings.</param>
    /// <param name="rewards">What is learned from; the true reward unless given.</param>
    /// <param name="observer">Sees each step of the environments.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public TrpoTrainer(
        IKernels kernels, VectorEnvironment environments, TrpoConfig config, IRewardSource? rewards = null, IRolloutObserver? observer = null)
    {
        config.Validate();
        ControlRules.RequireVector(environments.Spec, "trpo");
        (_kernels, _config) = (kernels, config);
        int steps = Math.Max(1, config.BatchSize / environments.Count);
        Policy = new ControlPolicy(kernels, environments.Spec, config.Policy, config.Seed);
        _experience = new Experience(environments, Policy, rewards ?? new TrueReward(), observer, steps, config.Seed);
        _critic = new Critic(kernels, environments.Spec.ObservationLength, config.Critic.HiddenSizes, config.Seed + 1);
        _criticFit = new CriticFit(kernels, _critic, config.Critic, config.Seed);
        _trustRegion = new TrustRegion(kernels, Policy, config);
        TotalUpdates = ControlRules.Updates(config.TotalSteps, _experience.Rollout.Count);
    }

    /// <inheritdoc/>
    public string Algorithm => "trpo";

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
        AdvantageEstimator.Normalize(_kernels, rollout.Advantages);
        TrustRegionStep step = _trustRegion.Improve(rollout, Update);

        // After the policy's step: values that already know this rollout would have taken the news out of its advantages.
        double valueLoss = _criticFit.Run(rollout, Update);
        Dictionary<string, double> metrics = ControlRules.Due(Update, _config.LoggingUpdates, TotalUpdates) ? Metrics(step, valueLoss) : [];
        _experience.UpdateNormalizer();
        Update++;
        return metrics;
    }

    /// <inheritdoc/>
    public void WriteCheckpoint(string directory)
    {
        _experience.Save(directory);
        _critic.Save(directory);
        _criticFit.Save(directory);
        new ControlState(Algorithm, Update).Save(directory);
    }

    /// <inheritdoc/>
    public void Resume(string directory)
    {
        int update = ControlState.Load(directory, Algorithm);
        _experience.Load(directory);
        _critic.Load(directory);
        _criticFit.Load(directory);
        Update = update;
    }

    /// <inheritdoc/>
    public void Finish(TrainingRun run) => run.Finish(Update, Policy.Save, [.. Policy.Trained.Select(part => part.Buffers)]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _trustRegion.Dispose();
        _criticFit.Dispose();
        _critic.Dispose();
        _experience.Dispose();
        Policy.Dispose();
    }

    private Dictionary<string, double> Metrics(TrustRegionStep step, double valueLoss)
    {
        Dictionary<string, double> metrics = _experience.Metrics();
        metrics[MetricNames.ControlKl] = step.Kl;
        metrics[MetricNames.ControlSurrogate] = step.Improvement;
        metrics[MetricNames.ControlEntropy] = step.Entropy;
        metrics[MetricNames.LineSearchSuccess] = step.Accepted ? 1 : 0;
        metrics[MetricNames.LineSearchSteps] = step.Attempts;
        metrics[MetricNames.ControlValueLoss] = valueLoss;
        return metrics;
    }
}
