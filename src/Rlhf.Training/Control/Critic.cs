using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Models;
using Rlhf.Models.Networks;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Control;

/// <summary>
/// A value network of its own. Its output is in units of the returns seen so far (if asked to), so that rewards of any size are learned
/// alike.
/// </summary>
internal sealed class Critic : IDisposable
{
    private const string NetworkFile = "critic.safetensors", StateFile = "critic.json";
    private readonly IKernels _kernels;
    private readonly Network _network;
    private readonly RunningMoments _returns = new(1);
    private readonly Scratch _inputs = new(), _rows = new();
    private readonly HostBuffer<float> _stats = new(ValueClipStats.Length);
    private float _mean, _std = 1;

    /// <param name="kernels">Backend.</param>
    /// <param name="inputs">Floats of an input.</param>
    /// <param name="hidden">Units of the tanh layers.</param>
    /// <param name="seed">Of the weights.</param>
    public Critic(IKernels kernels, int inputs, IReadOnlyList<int> hidden, ulong seed)
    {
        _kernels = kernels;
        _network = new Network(PolicyNetworks.Value(inputs, hidden), seed);
        Buffers = PolicyNetworks.Buffers(_network);
    }

    public ParameterBuffers Buffers { get; }

    /// <summary>Size of the unit of the network's output, in units of the return.</summary>
    public float Unit => _std;

    /// <summary>Values of all observations of a rollout, of those behind it, and of those that ended truncated episodes.</summary>
    public void Estimate(ControlRollout rollout) =>
        RolloutValues.Scatter(_network.Forward(rollout.AllInputs, ForwardMode.Inference), _mean, _std, rollout);

    /// <summary>Lets the returns of a rollout into the unit of the output.</summary>
    public void Rescale(ControlRollout rollout)
    {
        _returns.Update(Vectors.Column(rollout.Returns));
        Refresh();
    }

    /// <summary>Adds the gradient of <paramref name="weight"/> · ½ mean squared error over some steps.</summary>
    /// <param name="rollout">Inputs, values and returns are there.</param>
    /// <param name="steps">Elements t·N + n.</param>
    /// <param name="clipRange">Distance from the old value, in units of the output, beyond which a better fit counts for nothing; +∞: none.</param>
    /// <param name="weight">Factor on the loss.</param>
    public ValueClipStats Accumulate(ControlRollout rollout, ReadOnlySpan<int> steps, float clipRange, float weight)
    {
        int count = steps.Length;
        View<float> inputs = _inputs.Get(count, rollout.Inputs.Cols), rows = _rows.Get(3 * count);
        View<float> targets = rows.SliceRows(0, count), oldValues = rows.SliceRows(count, count), gradients = rows.SliceRows(2 * count, count);
        Vectors.Gather(rollout.Inputs, steps, inputs);
        Vectors.Gather(Vectors.Column(rollout.Returns), steps, targets);
        Vectors.Gather(Vectors.Column(rollout.Values), steps, oldValues);
        for (int i = 0; i < count; i++)
        {
            targets[i] = (targets[i] - _mean) / _std;
            oldValues[i] = (oldValues[i] - _mean) / _std;
        }

        _kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = _network.Forward(inputs, ForwardMode.Evaluation),
            OldValues = oldValues,
            Returns = targets,
            ClipRange = clipRange,
            Normalizer = count,
            GradValues = gradients,
            Stats = _stats.View(ValueClipStats.Length),
        });
        foreach (ref float gradient in Vectors.Span(gradients))
            gradient *= weight;
        _network.Backward(gradients);
        return ValueClipStats.Read(_stats.View(ValueClipStats.Length));
    }

    public void Save(string directory)
    {
        _network.Save(Path.Combine(directory, NetworkFile));
        ControlFiles.WriteJson(Path.Combine(directory, StateFile), _returns.Capture());
    }

    /// <exception cref="DataFormatException">Not the critic of such a run.</exception>
    public void Load(string directory)
    {
        string path = Path.Combine(directory, StateFile);
        _network.Load(Path.Combine(directory, NetworkFile));
        _returns.Restore(ControlFiles.ReadJson<RunningMoments.State>(path, "the moments of a run's returns"), path);
        if (_returns.Count > 0)
            Refresh();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        _inputs.Dispose();
        _rows.Dispose();
        _stats.Dispose();
    }

    private void Refresh()
    {
        _mean = (float)_returns.Mean(0);
        _std = (float)Math.Sqrt(_returns.Variance(0) + 1e-8);
    }
}
