using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Models;

namespace Rlhf.Training.Optimization;

/// <summary>
/// AdamW over a model's flat buffers: the global norm, then one fused update that reads the clip factor from memory. Gradients are
/// accumulated by the caller between <see cref="ZeroGradients"/> and <see cref="Step"/>.
/// </summary>
/// <remarks>The moments (and the average) are its own; the parameters and gradients stay the model's and must outlive it.</remarks>
public sealed class AdamWOptimizer : IDisposable
{
    private readonly IKernels _kernels;
    private readonly AdamWOptions _options;
    private readonly ParameterBuffers _buffers;
    private readonly HostBuffer<float> _moment1, _moment2, _normAndScale;
    private readonly HostBuffer<float>? _ema;
    private readonly List<(int Start, int Count, bool Decays)> _runs;

    /// <summary>An optimizer at step 0: moments zero, the average equal to the parameters.</summary>
    public AdamWOptimizer(IKernels kernels, ParameterBuffers buffers, AdamWOptions options)
    {
        _kernels = kernels;
        _options = options;
        _buffers = buffers;
        int count = buffers.Weights.Rows;
        _moment1 = new HostBuffer<float>(count);
        _moment2 = new HostBuffer<float>(count);
        _normAndScale = new HostBuffer<float>(2);
        _ema = options.EmaDecay is null ? null : new HostBuffer<float>(count);
        ResetAverage();
        _runs = Runs(buffers, options.WeightDecay > 0);
    }

    /// <summary>Updates made so far.</summary>
    public int StepCount { get; private set; }

    /// <summary>[P] average of the weights; absent without <see cref="AdamWOptions.EmaDecay"/>.</summary>
    public View<float> Ema => _ema is null ? default : _ema.View(Count);

    private int Count => _buffers.Weights.Rows;

    /// <summary>Makes all gradients zero: before the first micro-batch of a step.</summary>
    public unsafe void ZeroGradients() => new Span<float>(_buffers.Gradients.Pointer, Count).Clear();

    /// <summary>One update with the gradients as they stand.</summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <returns>The norm of all gradients before clipping.</returns>
    /// <exception cref="TrainingDivergedException">A gradient is NaN or infinite: nothing was changed; the message names the tensor.</exception>
    public float Step(float learningRate)
    {
        View<float> normAndScale = _normAndScale.View(2);
        _kernels.GlobalNorm(new GlobalNormArgs
        {
            Gradients = _buffers.Gradients,
            MaxNorm = _options.MaxGradNorm ?? float.PositiveInfinity,
            Result = normAndScale,
        });
        float norm = normAndScale[0];
        if (!float.IsFinite(norm))
            throw TrainingDivergedException.At(StepCount + 1, $"gradient norm is {norm}", _buffers);

        StepCount++;
        foreach ((int start, int count, bool decays) in _runs)
            Update(start, count, decays ? _options.WeightDecay : 0, learningRate, normAndScale.SliceRows(1, 1));
        return norm;
    }

    /// <summary>Writes step number, moments and average, tensor by tensor, into one safetensors file.</summary>
    public void Save(string path) => OptimizerState.Save(path, StepCount, States());

    /// <summary>Goes on bit for bit where <see cref="Save"/> stopped.</summary>
    /// <exception cref="DataFormatException">The file is not the state of an optimizer over these tensors.</exception>
    public void Load(string path) => StepCount = OptimizerState.Load(path, States());

    /// <inheritdoc/>
    public void Dispose()
    {
        _moment1.Dispose();
        _moment2.Dispose();
        _normAndScale.Dispose();
        _ema?.Dispose();
    }

    private void Update(int start, int count, float weightDecay, float learningRate, View<float> scale) =>
        _kernels.AdamW(new AdamWArgs
        {
            Parameters = _buffers.Weights.SliceRows(start, count),
            Gradients = _buffers.Gradients.SliceRows(start, count),
            Moment1 = _moment1.View(Count).SliceRows(start, count),
            Moment2 = _moment2.View(Count).SliceRows(start, count),
            Ema = _ema is null ? default : Ema.SliceRows(start, count),
            GradScale = scale,
            Step = StepCount,
            LearningRate = learningRate,
            Beta1 = _options.Beta1,
            Beta2 = _options.Beta2,
            Epsilon = _options.Epsilon,
            EpsilonForm = _options.EpsilonForm,
            WeightDecay = weightDecay,
            EmaDecay = _options.EmaDecay ?? 0,
        });

    private unsafe void ResetAverage()
    {
        if (_ema is not null)
            new ReadOnlySpan<float>(_buffers.Weights.Pointer, Count).CopyTo(_ema.Span);
    }

    private IEnumerable<(string Name, View<float> Values)> States()
    {
        foreach (Parameter tensor in _buffers.Tensors)
        {
            yield return ($"moment1.{tensor.Name}", _moment1.View(Count).SliceRows(tensor.Offset, tensor.Count));
            yield return ($"moment2.{tensor.Name}", _moment2.View(Count).SliceRows(tensor.Offset, tensor.Count));
            if (_ema is not null)
                yield return ($"ema.{tensor.Name}", Ema.SliceRows(tensor.Offset, tensor.Count));
        }
    }

    /// <summary>
    /// Neighbours that are treated alike are updated in one call: the whole model, unless weight decay tells matrices from biases and
    /// norm weights, as Hugging Face's Trainer does.
    /// </summary>
    private static List<(int Start, int Count, bool Decays)> Runs(ParameterBuffers buffers, bool decay)
    {
        int total = buffers.Weights.Rows;
        if (!decay || buffers.Tensors.Count == 0)
            return [(0, total, false)];
        List<(int Start, int Count, bool Decays)> runs = [];
        foreach (Parameter tensor in buffers.Tensors)
        {
            bool decays = tensor.Shape.Count > 1;
            if (runs.Count > 0 && runs[^1].Decays == decays)
                runs[^1] = runs[^1] with { Count = tensor.Offset + tensor.Count - runs[^1].Start };
            else
                runs.Add((tensor.Offset, tensor.Count, decays));
        }

        return runs;
    }
}
