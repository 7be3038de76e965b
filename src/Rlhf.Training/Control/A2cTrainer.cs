using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Control;

/// <summary>
/// Advantage actor-critic, synchronous (Mnih et al. 2016; openai/baselines): n steps of all environments, one step of RMSProp on policy,
/// value and entropy together. What Christiano et al. 2017 play Atari with.
/// </summary>
/// <remarks>
/// Over frames policy and value are two heads of one network; over vectors they are two networks. Same seed, machine and thread count:
/// the same weights bit for bit, also through a resume.
/// </remarks>
public sealed class A2cTrainer : IControlTrainer
{
    private const string OptimizerFile = "optimizer.safetensors";
    private readonly IKernels _kernels;
    private readonly A2cConfig _config;
    private readonly Experience _experience;
    private readonly Critic? _critic;
    private readonly JointOptimizer _optimizer;
    private readonly Scratch _rows = new(), _gradients = new();
    private readonly int[] _steps;

    /// <summary>A trainer at update 0.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="environments">Stay the caller's; no one else steps them. The paper has 16.</param>
    /// <param name="config">Settings.</param>
    /// <param name="rewards">What is learned from; the true reward unless given.</param>
    /// <param name="observer">Sees each step of the environments.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public A2cTrainer(
        IKernels kernels, VectorEnvironment environments, A2cConfig config, IRewardSource? rewards = null, IRolloutObserver? observer = null)
    {
        config.Validate();
        (_kernels, _config) = (kernels, config);
        EnvironmentSpec spec = environments.Spec;
        Policy = new ControlPolicy(kernels, spec, config.Policy, config.Seed, sharesValue: spec.IsPixels);
        _experience = new Experience(environments, Policy, rewards ?? new TrueReward(), observer, config.StepsPerUpdate, config.Seed);
        _critic = spec.IsPixels ? null : new Critic(kernels, spec.ObservationLength, config.CriticHiddenSizes, config.Seed + 1);
        IReadOnlyList<(string, ParameterBuffers)> trained = _critic is null ? Policy.Trained : [.. Policy.Trained, ("critic", _critic.Buffers)];
        _optimizer = new JointOptimizer(kernels, ControlOptimizers.RmsProp(config), trained);
        _steps = [.. Enumerable.Range(0, _experience.Rollout.Count)];
        TotalUpdates = ControlRules.Updates(config.TotalSteps, _experience.Rollout.Count);
    }

    /// <inheritdoc/>
    public string Algorithm => "a2c";

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
        _optimizer.ZeroGradients();
        Loss loss = _critic is null ? BackwardShared(rollout) : BackwardApart(rollout, _critic);
        TrainingDivergedException.ThrowIfNotFinite(loss.Policy + loss.Value, MetricNames.ControlPolicyLoss, Update + 1, Policy.Buffers);
        float learningRate = LearningRate();
        float norm = _optimizer.Step(learningRate);
        Dictionary<string, double> metrics = [];
        if (ControlRules.Due(Update, _config.LoggingUpdates, TotalUpdates))
            metrics = Metrics(loss, learningRate, norm);
        _experience.UpdateNormalizer();
        Update++;
        return metrics;
    }

    /// <inheritdoc/>
    public void WriteCheckpoint(string directory)
    {
        _experience.Save(directory);
        _critic?.Save(directory);
        _optimizer.Save(Path.Combine(directory, OptimizerFile));
        new ControlState(Algorithm, Update).Save(directory);
    }

    /// <inheritdoc/>
    public void Resume(string directory)
    {
        int update = ControlState.Load(directory, Algorithm);
        _experience.Load(directory);
        _critic?.Load(directory);
        _optimizer.Load(Path.Combine(directory, OptimizerFile));
        Update = update;
    }

    /// <inheritdoc/>
    public void Finish(TrainingRun run) => run.Finish(Update, Policy.Save, [.. Policy.Trained.Select(part => part.Buffers)]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _rows.Dispose();
        _gradients.Dispose();
        _optimizer.Dispose();
        _critic?.Dispose();
        _experience.Dispose();
        Policy.Dispose();
    }

    /// <summary>One network with two heads: one forward gives values and distribution, one backward takes both gradients.</summary>
    private Loss BackwardShared(ControlRollout rollout)
    {
        ReadOnlyView<float> outputs = Policy.Network.Forward(rollout.AllInputs, ForwardMode.Evaluation);
        RolloutValues.Scatter(Vectors.Columns(outputs, Policy.Outputs, 1), mean: 0, std: 1, rollout);
        AdvantageEstimator.Estimate(_kernels, rollout, _config.Gamma, _config.Lambda);
        View<float> gradients = _gradients.Get(outputs.Rows, outputs.Cols);
        Vectors.Span(gradients).Clear();
        Loss loss = PolicyGradient(rollout, Policy.Head(outputs.SliceRows(0, rollout.Count)), Vectors.Columns(gradients.SliceRows(0, rollout.Count), 0, Policy.Outputs));
        double squares = 0;
        for (int i = 0; i < rollout.Count; i++)
        {
            float error = Vectors.Span(rollout.Values)[i] - Vectors.Span(rollout.Returns)[i];
            squares += error * (double)error;
            gradients[i, Policy.Outputs] = (float)(2 * _config.ValueCoef * error / rollout.Count);
        }

        Policy.Network.Backward(gradients);
        return loss with { Value = squares / rollout.Count };
    }

    /// <summary>Two networks.</summary>
    private Loss BackwardApart(ControlRollout rollout, Critic critic)
    {
        critic.Estimate(rollout);
        AdvantageEstimator.Estimate(_kernels, rollout, _config.Gamma, _config.Lambda);
        ReadOnlyView<float> outputs = Policy.Network.Forward(rollout.Inputs, ForwardMode.Evaluation);
        View<float> gradients = _gradients.Get(outputs.Rows, outputs.Cols);
        Loss loss = PolicyGradient(rollout, outputs, gradients);
        Policy.Network.Backward(gradients);
        double squares = critic.Accumulate(rollout, _steps, float.PositiveInfinity, weight: (float)(2 * _config.ValueCoef)).SquaredError;
        return loss with { Value = squares / rollout.Count };
    }

    /// <summary>Gradient of −mean(log-prob · advantage) − coefficient · mean(entropy), with respect to the outputs.</summary>
    private Loss PolicyGradient(ControlRollout rollout, ReadOnlyView<float> outputs, View<float> gradients)
    {
        int count = rollout.Count;
        View<float> rows = _rows.Get(4 * count);
        View<float> logprobs = rows.SliceRows(0, count), entropy = rows.SliceRows(count, count);
        View<float> gradLogprobs = rows.SliceRows(2 * count, count), gradEntropy = rows.SliceRows(3 * count, count);
        Policy.Distribution.Logprobs(outputs, rollout.Actions, rollout.Choices, logprobs, entropy);
        ReadOnlySpan<float> advantages = Vectors.Span(rollout.Advantages);
        double loss = 0;
        for (int i = 0; i < count; i++)
        {
            loss -= logprobs[i] * (double)advantages[i];
            gradLogprobs[i] = -advantages[i] / count;
            gradEntropy[i] = (float)(-_config.EntropyCoef / count);
        }

        Policy.Distribution.Backward(outputs, rollout.Actions, rollout.Choices, gradLogprobs, gradEntropy, gradients);
        return new Loss(loss / count, 0, Vectors.Mean(entropy));
    }

    private float LearningRate()
    {
        long steps = _config.ScheduleSteps > 0 ? _config.ScheduleSteps : _config.TotalSteps;
        return (float)(_config.LearningRate * Math.Max(0, 1 - (Update * (double)_experience.Rollout.Count / steps)));
    }

    private Dictionary<string, double> Metrics(Loss loss, float learningRate, float norm)
    {
        Dictionary<string, double> metrics = _experience.Metrics();
        metrics[MetricNames.ControlPolicyLoss] = loss.Policy;
        metrics[MetricNames.ControlValueLoss] = loss.Value;
        metrics[MetricNames.ControlEntropy] = loss.Entropy;
        metrics[MetricNames.ControlGradNorm] = norm;
        metrics[MetricNames.ControlLearningRate] = learningRate;
        return metrics;
    }

    private readonly record struct Loss(double Policy, double Value, double Entropy);
}
