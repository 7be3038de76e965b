using Rlhf.Kernels;
using Rlhf.Kernels.Policy;
using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>Fits a critic to the returns of a rollout: some epochs of mini-batches with Adam.</summary>
internal sealed class CriticFit : IDisposable
{
    private const ulong OrderKey = 0x6372_6974; // A stream of its own: "crit".
    private const string FileName = "critic_optimizer.safetensors";
    private readonly Critic _critic;
    private readonly CriticConfig _config;
    private readonly JointOptimizer _optimizer;
    private readonly ulong _seed;

    public CriticFit(IKernels kernels, Critic critic, CriticConfig config, ulong seed)
    {
        (_critic, _config, _seed) = (critic, config, seed ^ OrderKey);
        _optimizer = new JointOptimizer(kernels, new JointOptimizerOptions(), ("critic", critic.Buffers));
    }

    /// <summary>Fits.</summary>
    /// <param name="rollout">Inputs and returns are there.</param>
    /// <param name="update">Number of the update, from 0: decides the order.</param>
    /// <returns>Mean squared error over the last epoch, in units of the return.</returns>
    public double Run(ControlRollout rollout, int update)
    {
        if (_config.NormalizeReturns)
            _critic.Rescale(rollout);
        var order = new ShuffledOrder(rollout.Count, _seed);
        long position = (long)update * _config.Epochs * rollout.Count;
        double error = 0;
        for (int epoch = 0; epoch < _config.Epochs; epoch++, position += rollout.Count)
        {
            error = 0;
            for (int start = 0; start < rollout.Count; start += _config.BatchSize)
            {
                int[] steps = order.Take(position + start, Math.Min(_config.BatchSize, rollout.Count - start));
                _optimizer.ZeroGradients();
                ValueClipStats stats = _critic.Accumulate(rollout, steps, clipRange: float.PositiveInfinity, weight: 1);
                TrainingDivergedException.ThrowIfNotFinite(stats.Loss, MetricNames.ControlValueLoss, update + 1, _critic.Buffers);
                _optimizer.Step((float)_config.LearningRate);
                error += stats.SquaredError;
            }
        }

        return error * _critic.Unit * _critic.Unit / rollout.Count;
    }

    public void Save(string directory) => _optimizer.Save(Path.Combine(directory, FileName));

    /// <exception cref="DataFormatException">Not the optimizer of such a critic.</exception>
    public void Load(string directory) => _optimizer.Load(Path.Combine(directory, FileName));

    /// <inheritdoc/>
    public void Dispose() => _optimizer.Dispose();
}
