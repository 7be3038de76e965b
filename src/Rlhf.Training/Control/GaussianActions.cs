using Rlhf.Kernels;
using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sampling;
using Rlhf.Models;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Control;

/// <summary>
/// A Gaussian with independent coordinates: the outputs are its mean, its log standard deviations are parameters of their own that do
/// not look at the observation (Schulman et al. 2015).
/// </summary>
internal sealed class GaussianActions : IActionDistribution
{
    private readonly IKernels _kernels;
    private readonly int _length;
    private readonly HostBuffer<float> _logStds, _gradients, _keptLogStds, _zeros;
    private readonly Scratch _kept = new(), _kl = new();
    private View<float> _keptMeans;

    /// <param name="kernels">Backend.</param>
    /// <param name="length">Coordinates of an action.</param>
    /// <param name="initialLogStd">Log standard deviation of each at the start.</param>
    public GaussianActions(IKernels kernels, int length, double initialLogStd)
    {
        (_kernels, _length) = (kernels, length);
        _logStds = new HostBuffer<float>(length);
        _gradients = new HostBuffer<float>(length);
        _keptLogStds = new HostBuffer<float>(length);
        _zeros = new HostBuffer<float>(length);
        _logStds.Span.Fill((float)initialLogStd);
        Extra = new ParameterBuffers(_logStds.View(length), _gradients.View(length), [new Parameter("log_std", [length], 0)]);
    }

    public ParameterBuffers Extra { get; }

    public void Sample(ReadOnlyView<float> outputs, in ActionDraw draw, View<float> actions, View<int> choices, View<float> logprobs) =>
        _kernels.Gaussian(new GaussianArgs
        {
            Means = outputs,
            LogStds = Row(_logStds),
            Seed = draw.Seed,
            Sequences = draw.Sequences,
            Steps = draw.Steps,
            Actions = actions,
            Logprobs = logprobs,
        });

    public void Mode(ReadOnlyView<float> outputs, View<float> actions)
    {
        for (int row = 0; row < outputs.Rows; row++)
        {
            for (int i = 0; i < _length; i++)
                actions[row, i] = outputs[row, i];
        }
    }

    public void Logprobs(ReadOnlyView<float> outputs, ReadOnlyView<float> actions, ReadOnlyView<int> choices, View<float> logprobs, View<float> entropy) =>
        _kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs
        {
            Means = outputs,
            LogStds = Row(_logStds),
            Actions = actions,
            Logprobs = logprobs,
            Entropy = entropy,
        });

    public void Backward(
        ReadOnlyView<float> outputs,
        ReadOnlyView<float> actions,
        ReadOnlyView<int> choices,
        ReadOnlyView<float> gradLogprobs,
        ReadOnlyView<float> gradEntropy,
        View<float> gradOutputs)
    {
        _kernels.GaussianLogprobBackward(new GaussianLogprobBackwardArgs
        {
            Means = outputs,
            LogStds = Row(_logStds),
            Actions = actions,
            GradLogprobs = gradLogprobs,
            GradEntropy = gradEntropy,
            GradMeans = gradOutputs,
            GradLogStds = Row(_gradients),
        });
    }

    public void Keep(ReadOnlyView<float> outputs)
    {
        _keptMeans = _kept.Get(outputs.Rows, _length);
        Mode(outputs, _keptMeans);
        _logStds.Span.CopyTo(_keptLogStds.Span);
    }

    public void KlFromKept(ReadOnlyView<float> outputs, View<float> kl) => _kernels.GaussianKl(new GaussianKlArgs
    {
        Means = outputs,
        LogStds = Row(_logStds),
        OldMeans = _keptMeans,
        OldLogStds = Row(_keptLogStds),
        Kl = kl,
    });

    public unsafe void Fisher(ReadOnlyView<float> direction, View<float> product, ReadOnlySpan<float> extraDirection, Span<float> extraProduct)
    {
        // Σ⁻¹ for the means, as the gradient of a KL from means of 0; 2 for each log standard deviation, and nothing between the two.
        float weight = 1f / direction.Rows;
        _kernels.GaussianKl(new GaussianKlArgs
        {
            Means = direction,
            LogStds = Row(_keptLogStds),
            OldMeans = new ReadOnlyView<float>(_zeros.Pointer, direction.Rows, _length, rowStride: 0),
            OldLogStds = Row(_keptLogStds),
            GradKl = ReadOnlyView<float>.Vector(&weight, direction.Rows, stride: 0),
            Kl = _kl.Get(direction.Rows),
            GradMeans = product,
        });
        for (int i = 0; i < _length; i++)
            extraProduct[i] = 2 * extraDirection[i];
    }

    public void Dispose()
    {
        _logStds.Dispose();
        _gradients.Dispose();
        _keptLogStds.Dispose();
        _zeros.Dispose();
        _kept.Dispose();
        _kl.Dispose();
    }

    private View<float> Row(HostBuffer<float> buffer) => buffer.View(1, _length);
}
