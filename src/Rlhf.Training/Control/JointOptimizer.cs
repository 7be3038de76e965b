using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Models;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>
/// One optimizer over several pieces of memory (a network, its log standard deviations, another network) whose gradients are clipped
/// by their common norm.
/// </summary>
internal sealed class JointOptimizer : IDisposable
{
    private readonly IKernels _kernels;
    private readonly IReadOnlyList<(string Name, ParameterBuffers Buffers)> _parts;
    private readonly JointOptimizerOptions _options;
    private readonly HostBuffer<float>[] _moment1, _moment2;
    private readonly HostBuffer<float> _normAndScale = new(2);

    /// <param name="kernels">Backend.</param>
    /// <param name="options">Settings.</param>
    /// <param name="parts">What is trained; the names tell the pieces apart in a file.</param>
    public JointOptimizer(IKernels kernels, JointOptimizerOptions options, params IReadOnlyList<(string Name, ParameterBuffers Buffers)> parts)
    {
        (_kernels, _parts, _options) = (kernels, parts, options);
        bool adam = options.Kind == JointOptimizerKind.Adam;
        _moment1 = [.. parts.Select(part => new HostBuffer<float>(adam ? part.Buffers.Weights.Rows : 0))];
        _moment2 = [.. parts.Select(part => new HostBuffer<float>(part.Buffers.Weights.Rows))];
        foreach (HostBuffer<float> moment in _moment2)
            moment.Span.Fill(adam ? 0 : options.RmsPropStart);
    }

    /// <summary>Updates made so far.</summary>
    public int StepCount { get; private set; }

    /// <summary>Makes all gradients zero.</summary>
    public void ZeroGradients()
    {
        foreach ((_, ParameterBuffers buffers) in _parts)
            Vectors.Span(buffers.Gradients).Clear();
    }

    /// <summary>One update with the gradients as they stand.</summary>
    /// <returns>The norm of all gradients before clipping.</returns>
    /// <exception cref="TrainingDivergedException">A gradient is NaN or infinite: nothing was changed; the message names the tensor.</exception>
    public float Step(float learningRate)
    {
        double squares = 0;
        View<float> normAndScale = _normAndScale.View(2);
        for (int i = 0; i < _parts.Count; i++)
        {
            _kernels.GlobalNorm(new GlobalNormArgs { Gradients = _parts[i].Buffers.Gradients, Result = normAndScale });
            if (!float.IsFinite(normAndScale[0]))
                throw TrainingDivergedException.At(StepCount + 1, $"gradient norm of {_parts[i].Name} is {normAndScale[0]}", _parts[i].Buffers);
            squares += (double)normAndScale[0] * normAndScale[0];
        }

        double norm = Math.Sqrt(squares);
        normAndScale[1] = _options.MaxGradNorm is { } most ? (float)Math.Min(1, most / (norm + 1e-6)) : 1;
        StepCount++;
        for (int i = 0; i < _parts.Count; i++)
            Update(i, learningRate, normAndScale.SliceRows(1, 1));
        return (float)norm;
    }

    /// <summary>Writes step number and moments into one safetensors file.</summary>
    public void Save(string path) => OptimizerState.Save(path, StepCount, States());

    /// <summary>Goes on bit for bit where <see cref="Save"/> stopped.</summary>
    /// <exception cref="DataFormatException">The file is not the state of such an optimizer.</exception>
    public void Load(string path) => StepCount = OptimizerState.Load(path, States());

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (HostBuffer<float> moment in (HostBuffer<float>[])[.. _moment1, .. _moment2, _normAndScale])
            moment.Dispose();
    }

    private void Update(int part, float learningRate, View<float> scale)
    {
        ParameterBuffers buffers = _parts[part].Buffers;
        int count = buffers.Weights.Rows;
        if (_options.Kind == JointOptimizerKind.Adam)
        {
            _kernels.AdamW(new AdamWArgs
            {
                Parameters = buffers.Weights,
                Gradients = buffers.Gradients,
                Moment1 = _moment1[part].View(count),
                Moment2 = _moment2[part].View(count),
                GradScale = scale,
                Step = StepCount,
                LearningRate = learningRate,
                Beta1 = 0.9f,
                Beta2 = 0.999f,
                Epsilon = _options.Epsilon,
            });
            return;
        }

        _kernels.RmsProp(new RmsPropArgs
        {
            Parameters = buffers.Weights,
            Gradients = buffers.Gradients,
            MeanSquares = _moment2[part].View(count),
            GradScale = scale,
            LearningRate = learningRate,
            Decay = _options.RmsPropDecay,
            Epsilon = _options.Epsilon,
            EpsilonForm = _options.RmsPropEpsilon,
        });
    }

    private IEnumerable<(string Name, View<float> Values)> States()
    {
        for (int i = 0; i < _parts.Count; i++)
        {
            int count = _parts[i].Buffers.Weights.Rows;
            if (_options.Kind == JointOptimizerKind.Adam)
                yield return ($"moment1.{_parts[i].Name}", _moment1[i].View(count));
            yield return ($"moment2.{_parts[i].Name}", _moment2[i].View(count));
        }
    }
}
