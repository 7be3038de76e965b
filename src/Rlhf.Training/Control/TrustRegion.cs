using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Models.Networks;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Control;

/// <summary>
/// The policy's step of TRPO (Schulman et al. 2015, appendix C): the natural gradient of the surrogate by conjugate gradients, as long as
/// the quadratic model of the KL allows, then shortened until the true KL and the true surrogate agree.
/// </summary>
internal sealed class TrustRegion : IDisposable
{
    private readonly IKernels _kernels;
    private readonly ControlPolicy _policy;
    private readonly TrpoConfig _config;
    private readonly ConjugateGradient _conjugate;
    private readonly float[] _old, _gradient, _step, _product;
    private readonly HostBuffer<float> _direction, _stats = new(PpoClipStats.Length);
    private readonly Scratch _rows = new(), _outputs = new();
    private readonly int _weights;

    public TrustRegion(IKernels kernels, ControlPolicy policy, TrpoConfig config)
    {
        (_kernels, _policy, _config) = (kernels, policy, config);
        _weights = policy.Buffers.Weights.Rows;
        int length = policy.Trained.Sum(part => part.Buffers.Weights.Rows);
        (_old, _gradient, _step, _product) = (new float[length], new float[length], new float[length], new float[length]);
        _conjugate = new ConjugateGradient(length);
        _direction = new HostBuffer<float>(_weights);
    }

    /// <summary>Makes the step, or leaves the policy bit for bit as it was.</summary>
    /// <param name="rollout">Inputs, actions and advantages are there.</param>
    /// <param name="update">Number of the update, from 0.</param>
    /// <exception cref="TrainingDivergedException">NaN or infinity in surrogate or gradient; the policy is as it was.</exception>
    public TrustRegionStep Improve(ControlRollout rollout, int update)
    {
        Read(_old, part => part.Weights);
        View<float> rows = _rows.Get(4 * rollout.Count);
        Surrogate before = Differentiate(rollout, rows);
        TrainingDivergedException.ThrowIfNotFinite(before.Value, MetricNames.ControlSurrogate, update + 1, _policy.Buffers);
        if (!double.IsFinite(Vectors.Dot(_gradient, _gradient)))
            throw TrainingDivergedException.At(update + 1, "the policy's gradient is not finite", _policy.Buffers);
        double residual = _conjugate.Solve(FisherProduct, _gradient, _step, _config.ConjugateGradientIterations);
        FisherProduct(_step, _product);
        double curvature = Vectors.Dot(_step, _product);

        // A gradient of zero has no direction; rounding may leave a curvature that is not positive.
        if (!(curvature > 0))
            return new TrustRegionStep(false, 0, 0, 0, before.Entropy, residual, 0);
        float length = (float)Math.Sqrt(2 * _config.MaxKl / curvature);
        return Search(rollout, rows, before, length, residual);
    }

    /// <summary>Product of the damped Fisher matrix, at the distribution that was kept, with a vector [P + extra].</summary>
    internal void FisherProduct(ReadOnlySpan<float> vector, Span<float> product)
    {
        vector[.._weights].CopyTo(_direction.Span);
        ReadOnlyView<float> change = _policy.Network.JacobianProduct(_direction.View(_weights));
        View<float> weighted = _outputs.Get(change.Rows, change.Cols);
        _policy.Distribution.Fisher(change, weighted, vector[_weights..], product[_weights..]);
        _policy.Network.ZeroGradients();
        _policy.Network.Backward(weighted);
        Vectors.Span(_policy.Network.Gradients).CopyTo(product);
        for (int i = 0; i < product.Length; i++)
            product[i] += (float)_config.Damping * vector[i];
    }

    /// <summary>Keeps the old distribution, and takes surrogate and gradient there.</summary>
    internal Surrogate Differentiate(ControlRollout rollout, View<float> rows)
    {
        int count = rollout.Count;
        View<float> oldLogprobs = rows.SliceRows(0, count), entropy = rows.SliceRows(2 * count, count);
        View<float> gradLogprobs = rows.SliceRows(3 * count, count), gradEntropy = rows.SliceRows(count, count);
        ReadOnlyView<float> outputs = _policy.Network.Forward(rollout.Inputs, ForwardMode.Evaluation);
        _policy.Distribution.Keep(outputs);
        _policy.Distribution.Logprobs(outputs, rollout.Actions, rollout.Choices, oldLogprobs, entropy);
        Surrogate surrogate = Evaluate(oldLogprobs, oldLogprobs, rollout, entropy, gradLogprobs);
        foreach (ref float gradient in Vectors.Span(gradLogprobs))
            gradient = -gradient;
        Vectors.Span(gradEntropy).Fill((float)(_config.EntropyCoef / count));
        View<float> gradOutputs = _outputs.Get(outputs.Rows, outputs.Cols);
        _policy.Network.ZeroGradients();
        _policy.Distribution.Backward(outputs, rollout.Actions, rollout.Choices, gradLogprobs, gradEntropy, gradOutputs);
        _policy.Network.Backward(gradOutputs);
        Read(_gradient, part => part.Gradients);
        return surrogate;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _direction.Dispose();
        _stats.Dispose();
        _rows.Dispose();
        _outputs.Dispose();
    }

    /// <summary>Shortens the step until it is within the trust region and better; else the old weights come back.</summary>
    private TrustRegionStep Search(ControlRollout rollout, View<float> rows, Surrogate before, float length, double residual)
    {
        int count = rollout.Count;
        View<float> oldLogprobs = rows.SliceRows(0, count), logprobs = rows.SliceRows(count, count);
        View<float> entropy = rows.SliceRows(2 * count, count), kl = rows.SliceRows(3 * count, count);
        for (int attempt = 0; attempt < _config.Backtracks; attempt++)
        {
            Write(length);
            ReadOnlyView<float> outputs = _policy.Network.Forward(rollout.Inputs, ForwardMode.Inference);
            _policy.Distribution.Logprobs(outputs, rollout.Actions, rollout.Choices, logprobs, entropy);
            _policy.Distribution.KlFromKept(outputs, kl);
            double divergence = Vectors.Mean(kl);
            Surrogate after = Evaluate(logprobs, oldLogprobs, rollout, entropy, default);
            if (divergence <= _config.MaxKl && after.Value > before.Value)
                return new TrustRegionStep(true, divergence, after.Value - before.Value, length, after.Entropy, residual, attempt + 1);
            length *= (float)_config.BacktrackRatio;
        }

        Write(0);
        return new TrustRegionStep(false, 0, 0, 0, before.Entropy, residual, _config.Backtracks);
    }

    /// <summary>Mean of ratio · advantage, plus the entropy bonus: the clipped loss with nothing clipped.</summary>
    private Surrogate Evaluate(View<float> logprobs, View<float> oldLogprobs, ControlRollout rollout, View<float> entropy, View<float> gradLogprobs)
    {
        _kernels.PpoClipLoss(new PpoClipLossArgs
        {
            Logprobs = logprobs,
            OldLogprobs = oldLogprobs,
            Advantages = Vectors.Column(rollout.Advantages),
            Options = new PpoClipOptions { ClipLow = 1, ClipHigh = 1e30f },
            Normalizer = rollout.Count,
            GradLogprobs = gradLogprobs,
            Stats = _stats.View(PpoClipStats.Length),
        });
        double mean = Vectors.Mean(entropy);
        return new Surrogate((_config.EntropyCoef * mean) - PpoClipStats.Read(_stats.View(PpoClipStats.Length)).Loss, mean);
    }

    private void Read(Span<float> vector, Func<ParameterBuffers, View<float>> memory)
    {
        foreach ((_, ParameterBuffers part) in _policy.Trained)
        {
            ReadOnlySpan<float> values = Vectors.Span(memory(part));
            values.CopyTo(vector);
            vector = vector[values.Length..];
        }
    }

    /// <summary>Weights = old + length · step; length 0 gives the old bits back, whatever the step holds.</summary>
    private void Write(float length)
    {
        int start = 0;
        foreach ((_, ParameterBuffers part) in _policy.Trained)
        {
            Span<float> weights = Vectors.Span(part.Weights);
            for (int i = 0; i < weights.Length; i++)
                weights[i] = length == 0 ? _old[start + i] : _old[start + i] + (length * _step[start + i]);
            start += weights.Length;
        }
    }

    /// <summary>What is maximised, and the entropy in it.</summary>
    internal readonly record struct Surrogate(double Value, double Entropy);
}
