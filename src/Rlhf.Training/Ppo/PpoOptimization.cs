using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>
/// The optimisation of one rollout: epochs of mini-batches, one step of both optimizers each. Losses are normalised over the whole
/// mini-batch, so micro-batches bound memory and change nothing.
/// </summary>
internal sealed class PpoOptimization : IDisposable
{
    private readonly IKernels _kernels;
    private readonly PpoConfig _config;
    private readonly PolicyLearner _policy;
    private readonly ValueLearner _value;
    private readonly PretrainingMix? _pretraining;
    private readonly MiniBatches _miniBatches;

    public PpoOptimization(
        IKernels kernels, PpoConfig config, PolicyLearner policy, ValueLearner value, PretrainingMix? pretraining, MiniBatches miniBatches)
    {
        _kernels = kernels;
        _config = config;
        _policy = policy;
        _value = value;
        _pretraining = pretraining;
        _miniBatches = miniBatches;
    }

    /// <summary>Runs all epochs, or stops before the step at which the policy has gone too far.</summary>
    /// <param name="rollout">Shaped rewards and, unless whitening is per mini-batch, advantages are there.</param>
    /// <param name="update">Number of the update, from 0.</param>
    /// <param name="policyRate">Learning rate of the policy.</param>
    /// <param name="valueRate">Learning rate of the value model.</param>
    /// <param name="observer">Is told after each mini-batch.</param>
    public OptimizationResult Run(Rollout rollout, int update, float policyRate, float valueRate, ITrainingObserver? observer)
    {
        var result = new OptimizationResult(new UpdateStatistics(_config.Conventions.Metrics));
        int parts = _config.NumPpoEpochs * _config.NumMiniBatches;
        for (int epoch = 0; epoch < _config.NumPpoEpochs; epoch++)
        {
            foreach (int[] miniBatch in _miniBatches.Of(update, epoch))
            {
                if (_config.Conventions.Whitening == WhiteningScope.MiniBatch)
                    EstimateWithin(rollout.Batch, miniBatch);
                if (!Accumulate(rollout, miniBatch, update, result))
                    return result;
                result.PolicyGradNorm += _policy.Optimizer.Step(policyRate);
                result.ValueGradNorm += _value.Optimizer.Step(valueRate);
                result.Steps++;
                observer?.Progressed("optimise", result.Steps, parts);
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _pretraining?.Dispose();

    /// <summary>Gradients of a mini-batch; false when its policy is beyond the target KL.</summary>
    private bool Accumulate(Rollout rollout, int[] miniBatch, int update, OptimizationResult result)
    {
        int first = result.Statistics.MicroBatches.Count;
        float tokens = Count(rollout.Batch.Mask, miniBatch), values = Count(rollout.Batch.ValueMask, miniBatch);
        _policy.Optimizer.ZeroGradients();
        _value.Optimizer.ZeroGradients();
        foreach (int[] rows in _miniBatches.Split(miniBatch))
        {
            (PpoClipStats policy, double ratioSquares, double drift) = _policy.Accumulate(rollout.Prompts, rollout.Batch, rows, tokens);
            ValueClipStats value = _value.Accumulate(rollout.Prompts, rollout.Batch, rows, values);
            ThrowIfNotFinite(policy.Loss, MetricNames.PolicyLoss, update, _policy.Buffers);
            ThrowIfNotFinite(value.Loss, MetricNames.ValueLoss, update, _value.Buffers);
            result.Statistics.Add(new MicroBatchStatistics(policy, value, (long)rows.Length * rollout.Batch.Time, ratioSquares, policy.Entropy));
            if (result.Steps == 0)
                result.RatioDrift = Math.Max(result.RatioDrift, drift);
        }

        result.Statistics.EndMiniBatch();
        if (_config.TargetKl is { } target && result.Statistics.PolicySince(first).ApproxKlMean > 1.5 * target)
            return false;
        if (_pretraining is not null)
        {
            double loss = _pretraining.Accumulate(_policy.Optimizer.StepCount);
            ThrowIfNotFinite(loss, MetricNames.PretrainingLoss, update, _policy.Buffers);
            result.PretrainingLoss += loss;
        }

        return true;
    }

    private void EstimateWithin(RolloutBatch batch, int[] rows)
    {
        using var mini = new RolloutBatch(rows.Length, batch.Time);
        batch.Gather(rows, mini);
        AdvantageEstimation.Apply(_kernels, mini, _config.Gamma, _config.Lam, _config.WhitenRewards, _config.Conventions);
        batch.ScatterEstimates(rows, mini);
    }

    private static float Count(View<byte> mask, int[] rows)
    {
        long count = 0;
        foreach (int row in rows)
        {
            for (int t = 0; t < mask.Cols; t++)
                count += mask[row, t];
        }

        // A mini-batch of empty responses has nothing to divide; its losses are 0.
        return Math.Max(1, count);
    }

    private static void ThrowIfNotFinite(double loss, string name, int update, ParameterBuffers buffers) =>
        TrainingDivergedException.ThrowIfNotFinite(loss, name, update + 1, buffers);
}
