using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Models;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>The value model: V[t] is the value before token t, read where the policy predicts it. Its optimizer is its own.</summary>
internal sealed class ValueLearner : IDisposable
{
    private readonly IKernels _kernels;
    private readonly ScalarModel _model;
    private readonly PpoConfig _config;
    private readonly ResponseWindow _window = new();
    private readonly Scratch _vectors = new(), _stats = new();

    public ValueLearner(IKernels kernels, ScalarModel model, PpoConfig config)
    {
        _kernels = kernels;
        _model = model;
        _config = config;
        Buffers = ParameterBuffers.Of(model.Transformer);
        Optimizer = new AdamWOptimizer(kernels, Buffers, PpoOptimizers.Options(config, emaDecay: null));
    }

    public ParameterBuffers Buffers { get; }

    public AdamWOptimizer Optimizer { get; }

    /// <summary>Writes the values of some rows of a rollout.</summary>
    public void Evaluate(IReadOnlyList<int[]> prompts, RolloutBatch batch, ReadOnlySpan<int> rows)
    {
        _window.Load(prompts, batch, rows, _config.Conventions.ExtraValueSlots);
        if (_window.Count == 0)
            return;

        View<float> values = _vectors.Get(_window.Count);
        _model.Forward(_window.Tokens, _window.Rows, values);
        _window.Scatter(values, batch.Values);
    }

    /// <summary>Adds the gradient of one micro-batch's share of <see cref="PpoConfig.VfCoef"/> · value loss.</summary>
    public ValueClipStats Accumulate(IReadOnlyList<int[]> prompts, RolloutBatch batch, ReadOnlySpan<int> rows, float normalizer)
    {
        _window.Load(prompts, batch, rows, _config.Conventions.ExtraValueSlots);
        int count = _window.Count;
        if (count == 0)
            return default;

        View<float> vectors = _vectors.Get(4 * count), stats = _stats.Get(ValueClipStats.Length);
        View<float> oldValues = vectors.SliceRows(0, count), returns = vectors.SliceRows(count, count);
        View<float> values = vectors.SliceRows(2 * count, count), gradValues = vectors.SliceRows(3 * count, count);
        _window.Gather(batch.Values, oldValues);
        _window.Gather(batch.Returns, returns);
        _model.Forward(_window.Tokens, _window.Rows, values, keep: true);
        _kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = values,
            OldValues = oldValues,
            Returns = returns,
            ClipRange = _config.CliprangeValue,
            Normalizer = normalizer,
            GradValues = gradValues,
            Stats = stats,
        });
        for (int i = 0; i < count; i++)
            gradValues[i] *= _config.VfCoef;

        _model.Backward(gradValues);
        return ValueClipStats.Read(stats);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        _window.Dispose();
        _vectors.Dispose();
        _stats.Dispose();
    }
}
