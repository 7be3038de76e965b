using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Networks;
using Rlhf.Training.Control;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests.Control;

internal sealed class TrustRegionTests
{
    // Other log standard deviations than 0: a forgotten covariance would not show there.
    private static readonly PolicyConfig Narrow = new() { HiddenSizes = [8], OutputGain = 1, InitialLogStd = -0.7 };

    [Test]
    public void FisherProduct_IsTheDerivativeOfTheKlsGradient([Values("pendulum", "cartpole")] string id)
    {
        using VectorEnvironment environments = Worlds.Vector(id);
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Narrow, seed: 2);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 16);
        using var region = new TrustRegion(Small.Kernels, policy, new TrpoConfig { Damping = 0 });
        using var rows = new HostBuffer<float>(4 * rollout.Count);
        region.Differentiate(rollout, rows.View(4 * rollout.Count));
        float[] direction = Direction(policy), product = new float[direction.Length];

        region.FisherProduct(direction, product);

        float[] old = Outputs(policy, rollout);
        const float Step = 1e-2f;
        Move(policy, direction, Step);
        double[] above = KlGradient(policy, rollout, old);
        Move(policy, direction, -2 * Step);
        double[] below = KlGradient(policy, rollout, old);
        double scale = product.Max(Math.Abs);
        Assert.That(product, Is.EqualTo(above.Select((value, i) => (value - below[i]) / (2 * Step))).Within(2e-3 * scale));
    }

    [Test]
    public void FisherProduct_AddsTheDamping()
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Narrow, seed: 2);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 4);
        float[] direction = Direction(policy), plain = new float[direction.Length], damped = new float[direction.Length];

        Product(new TrpoConfig { Damping = 0 }, plain);
        Product(new TrpoConfig { Damping = 0.5 }, damped);

        Assert.That(damped, Is.EqualTo(plain.Select((value, i) => value + (0.5f * direction[i]))).Within(1e-5));

        void Product(TrpoConfig config, float[] product)
        {
            using var region = new TrustRegion(Small.Kernels, policy, config);
            using var rows = new HostBuffer<float>(4 * rollout.Count);
            region.Differentiate(rollout, rows.View(4 * rollout.Count));
            region.FisherProduct(direction, product);
        }
    }

    [Test]
    public void Improve_IsBetterWithinTheTrustRegion([Values("pendulum", "cartpole")] string id)
    {
        using VectorEnvironment environments = Worlds.Vector(id);
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Narrow, seed: 2);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 32);
        using var region = new TrustRegion(Small.Kernels, policy, new TrpoConfig { MaxKl = 0.02 });

        TrustRegionStep step = region.Improve(rollout, update: 0);

        Assert.Multiple(() =>
        {
            Assert.That(step.Accepted);
            Assert.That(step.Kl, Is.InRange(0.005, 0.02));
            Assert.That(step.Improvement, Is.GreaterThan(0.002));
        });
    }

    [Test]
    public void Improve_RestoresEveryBit_WhenNoLengthIsGood()
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Narrow, seed: 2);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 16);

        // So far away the quadratic model says nothing about the KL.
        using var region = new TrustRegion(Small.Kernels, policy, new TrpoConfig { MaxKl = 1e6, Backtracks = 2 });
        float[] before = Worlds.Weights(policy);

        TrustRegionStep step = region.Improve(rollout, update: 0);

        Assert.Multiple(() =>
        {
            Assert.That(step.Accepted, Is.False);
            Assert.That(step.Attempts, Is.EqualTo(2));
            Assert.That(Worlds.Weights(policy), Is.EqualTo(before));
        });
    }

    [Test]
    public void Improve_RaisesTheEntropy_ForItsBonusAlone()
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Narrow, seed: 2);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 16);
        Vectors.Span(rollout.Advantages).Clear();
        using var region = new TrustRegion(Small.Kernels, policy, new TrpoConfig { EntropyCoef = 0.01 });
        float before = policy.LogStds[0];

        TrustRegionStep step = region.Improve(rollout, update: 0);

        // A KL of 0.01 along log σ alone is a change of about 0.1: KL ≈ (Δ log σ)².
        Assert.Multiple(() =>
        {
            Assert.That(step.Accepted);
            Assert.That(policy.LogStds[0] - before, Is.InRange(0.05, 0.12));
        });
    }

    [Test]
    public void Improve_StopsAtNaN_AndKeepsThePolicy()
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using var policy = new ControlPolicy(Small.Kernels, environments.Spec, Narrow, seed: 2);
        using ControlRollout rollout = Worlds.Rollout(policy, environments, steps: 4);
        Vectors.Span(rollout.Advantages)[3] = float.NaN;
        using var region = new TrustRegion(Small.Kernels, policy, new TrpoConfig());
        float[] before = Worlds.Weights(policy);

        var error = Assert.Throws<TrainingDivergedException>(() => region.Improve(rollout, update: 6));

        Assert.Multiple(() =>
        {
            Assert.That(error!.Message, Does.StartWith("training diverged at step 7: "));
            Assert.That(Worlds.Weights(policy), Is.EqualTo(before));
        });
    }

    private static float[] Direction(ControlPolicy policy)
    {
        var random = new Random(4);
        return [.. Worlds.Weights(policy).Select(_ => (float)(random.NextDouble() - 0.5))];
    }

    private static float[] Outputs(ControlPolicy policy, ControlRollout rollout) =>
        [.. Vectors.Span(policy.Network.Forward(rollout.Inputs, ForwardMode.Inference)).ToArray(), .. policy.LogStds.IsEmpty ? [] : Worlds.Copy(policy.LogStds)];

    private static void Move(ControlPolicy policy, float[] direction, float length)
    {
        int i = 0;
        foreach ((_, ParameterBuffers part) in policy.Trained)
        {
            foreach (ref float weight in Vectors.Span(part.Weights))
                weight += length * direction[i++];
        }
    }

    /// <summary>Gradient of the mean KL from the old outputs to the current ones, by the formulas of the two distributions.</summary>
    private static double[] KlGradient(ControlPolicy policy, ControlRollout rollout, float[] old)
    {
        ReadOnlyView<float> outputs = policy.Network.Forward(rollout.Inputs, ForwardMode.Evaluation);
        using var gradients = new HostBuffer<float>(outputs.Count);
        View<float> rows = gradients.View(outputs.Rows, outputs.Cols);
        double logStdGradient = 0;
        for (int n = 0; n < outputs.Rows; n++)
        {
            if (policy.LogStds.IsEmpty)
            {
                double[] was = Softmax([.. Enumerable.Range(0, outputs.Cols).Select(i => (double)old[(n * outputs.Cols) + i])]);
                double[] now = Softmax([.. Enumerable.Range(0, outputs.Cols).Select(i => (double)outputs[n, i])]);
                for (int i = 0; i < outputs.Cols; i++)
                    rows[n, i] = (float)((now[i] - was[i]) / outputs.Rows);
            }
            else
            {
                double variance = Math.Exp(2 * policy.LogStds[0]), oldVariance = Math.Exp(2 * old[^1]), change = outputs[n, 0] - old[n];
                rows[n, 0] = (float)(change / variance / outputs.Rows);
                logStdGradient += (1 - ((oldVariance + (change * change)) / variance)) / outputs.Rows;
            }
        }

        policy.Network.ZeroGradients();
        policy.Network.Backward(rows);
        double[] network = [.. Worlds.Copy(policy.Network.Gradients).Select(value => (double)value)];
        return policy.LogStds.IsEmpty ? network : [.. network, logStdGradient];
    }

    private static double[] Softmax(double[] logits)
    {
        double sum = logits.Sum(Math.Exp);
        return [.. logits.Select(logit => Math.Exp(logit) / sum)];
    }
}
