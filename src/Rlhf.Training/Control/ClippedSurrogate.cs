using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Models.Networks;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Control;

/// <summary>The policy's share of PPO's loss over a mini-batch, with its gradient (Schulman et al. 2017, eq. 7, and the entropy bonus of eq. 9).</summary>
internal sealed class ClippedSurrogate : IDisposable
{
    private readonly IKernels _kernels;
    private readonly ControlPolicy _policy;
    private readonly ControlPpoConfig _config;
    private readonly Scratch _inputs = new(), _actions = new(), _rows = new(), _gradients = new();
    private readonly HostBuffer<float> _stats = new(PpoClipStats.Length);
    private HostBuffer<int> _choices = new(0);

    public ClippedSurrogate(IKernels kernels, ControlPolicy policy, ControlPpoConfig config) =>
        (_kernels, _policy, _config) = (kernels, policy, config);

    /// <summary>Entropy of the last mini-batch, nats.</summary>
    public double MeanEntropy { get; private set; }

    /// <summary>Adds the gradient over some steps, elements t·N + n, to the policy's.</summary>
    public PpoClipStats Accumulate(ControlRollout rollout, ReadOnlySpan<int> steps)
    {
        int count = steps.Length;
        View<float> inputs = _inputs.Get(count, rollout.Inputs.Cols), actions = _actions.Get(count, rollout.Actions.Cols);
        View<float> rows = _rows.Get(6 * count), oldLogprobs = rows.SliceRows(0, count), advantages = rows.SliceRows(count, count);
        View<float> logprobs = rows.SliceRows(2 * count, count), entropy = rows.SliceRows(3 * count, count);
        View<float> gradLogprobs = rows.SliceRows(4 * count, count), gradEntropy = rows.SliceRows(5 * count, count);
        Vectors.Gather(rollout.Inputs, steps, inputs);
        Vectors.Gather(rollout.Actions, steps, actions);
        Vectors.Gather(rollout.Logprobs, steps, oldLogprobs);
        Vectors.Gather(Vectors.Column(rollout.Advantages), steps, advantages);
        View<int> choices = Choices(rollout, steps);
        if (_config.NormalizeAdvantages)
            AdvantageEstimator.Normalize(_kernels, advantages);

        ReadOnlyView<float> outputs = _policy.Network.Forward(inputs, ForwardMode.Evaluation);
        _policy.Distribution.Logprobs(outputs, actions, choices, logprobs, entropy);
        MeanEntropy = Vectors.Mean(entropy);
        _kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = logprobs,
            OldLogprobs = oldLogprobs,
            Advantages = advantages,
            Options = new PpoClipOptions { ClipLow = (float)_config.ClipRange, ClipHigh = (float)_config.ClipRange },
            Normalizer = count,
            GradLogprobs = gradLogprobs,
            Stats = _stats.View(PpoClipStats.Length),
        });
        Vectors.Span(gradEntropy).Fill((float)(-_config.EntropyCoef / count));
        View<float> gradients = _gradients.Get(outputs.Rows, outputs.Cols);
        _policy.Distribution.Backward(outputs, actions, choices, gradLogprobs, gradEntropy, gradients);
        _policy.Network.Backward(gradients);
        return PpoClipStats.Read(_stats.View(PpoClipStats.Length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _inputs.Dispose();
        _actions.Dispose();
        _rows.Dispose();
        _gradients.Dispose();
        _stats.Dispose();
        _choices.Dispose();
    }

    private View<int> Choices(ControlRollout rollout, ReadOnlySpan<int> steps)
    {
        if (rollout.Choices.IsEmpty)
            return default;
        Scratch.Grow(ref _choices, steps.Length);
        View<int> choices = _choices.View(steps.Length);
        Vectors.Gather(rollout.Choices, steps, choices);
        return choices;
    }
}
