using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Models;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>The policy under training: gradients of the clipped loss from micro-batches, then one optimizer step.</summary>
internal sealed class PolicyLearner : IDisposable
{
    private readonly IKernels _kernels;
    private readonly LanguageModel _model;
    private readonly PpoConfig _config;
    private readonly ResponseWindow _window = new();
    private readonly HostBuffer<byte> _workspace;
    private readonly Scratch _vectors = new(), _gradHidden = new(), _stats = new();

    public PolicyLearner(IKernels kernels, LanguageModel model, PpoConfig config)
    {
        _kernels = kernels;
        _model = model;
        _config = config;
        _workspace = PolicyHead.Workspace(model, config);
        Buffers = ParameterBuffers.Of(model.Transformer);
        Optimizer = new AdamWOptimizer(kernels, Buffers, PpoOptimizers.Options(config, config.EmaDecay));
    }

    public ParameterBuffers Buffers { get; }

    public AdamWOptimizer Optimizer { get; }

    /// <summary>Adds the gradient of one micro-batch: its share of the mini-batch's loss, whatever the split.</summary>
    /// <param name="prompts">Prompts of the rollout.</param>
    /// <param name="batch">The rollout.</param>
    /// <param name="rows">The micro-batch.</param>
    /// <param name="normalizer">Counted tokens of the whole mini-batch.</param>
    public (PpoClipStats Stats, double RatioSquares, double Drift) Accumulate(
        IReadOnlyList<int[]> prompts, RolloutBatch batch, ReadOnlySpan<int> rows, float normalizer)
    {
        _window.Load(prompts, batch, rows, extra: 0);
        int count = _window.Count;
        if (count == 0)
            return default;

        View<float> vectors = _vectors.Get(4 * count);
        View<float> oldLogprobs = vectors.SliceRows(0, count), advantages = vectors.SliceRows(count, count);
        View<float> logprobs = vectors.SliceRows(2 * count, count), entropy = vectors.SliceRows(3 * count, count);
        View<float> gradHidden = _gradHidden.Get(count, _model.Config.HiddenSize), stats = _stats.Get(PpoClipStats.Length);
        _window.Gather(batch.Logprobs, oldLogprobs);
        _window.Gather(batch.Advantages, advantages);
        ReadOnlyView<float> hidden = _model.Transformer.Forward(_window.Tokens, _window.Rows, keep: true);
        _kernels.LinearPpo(new LinearPpoArgs<float>
        {
            Head = PolicyHead.Head(_model, _config, hidden, _window.Targets),
            OldLogprobs = oldLogprobs,
            Advantages = advantages,
            Options = new PpoClipOptions
            {
                ClipLow = _config.Cliprange,
                ClipHigh = _config.CliprangeHigh ?? _config.Cliprange,
                DualClip = _config.DualClip,
            },
            EntropyCoef = _config.EntropyCoef,
            Normalizer = normalizer,
            Logprobs = logprobs,
            Entropy = entropy,
            Gradients = PolicyHead.Gradients(_model, _config, gradHidden),
            Stats = stats,
            Workspace = _workspace.View(checked((int)_workspace.Length)),
        });
        _model.Transformer.Backward(gradHidden);
        return (
            PpoClipStats.Read(stats),
            MicroBatchStatistics.SumOfSquaredRatios(logprobs, oldLogprobs),
            LargestDrift(logprobs, oldLogprobs));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        _window.Dispose();
        _workspace.Dispose();
        _vectors.Dispose();
        _gradHidden.Dispose();
        _stats.Dispose();
    }

    private static double LargestDrift(View<float> logprobs, View<float> oldLogprobs)
    {
        double largest = 0;
        for (int i = 0; i < logprobs.Rows; i++)
            largest = Math.Max(largest, Math.Abs(Math.Exp(logprobs[i] - oldLogprobs[i]) - 1));
        return largest;
    }
}
