using Rlhf.Kernels.Optimizer;
using Rlhf.Models;
using Rlhf.TestSupport;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests.Optimization;

[TestFixture]
internal sealed class AdamWOptimizerTests
{
    private static readonly Parameter[] Tensors = [new("a.weight", [3, 4], 0), new("a.bias", [4], 12), new("b.weight", [2, 4], 16)];

    private const int Count = 24;

    [Test]
    public void Step_FollowsThePaperWithClippedGradients([Values] AdamEpsilonForm form)
    {
        using var weights = Pinned.Of(TestSupport.Data.Normal(1, Count));
        using var gradients = Pinned.Of(TestSupport.Data.Normal(2, Count, scale: 3));
        var options = new AdamWOptions { Beta1 = 0.8f, Beta2 = 0.95f, Epsilon = 1e-3f, EpsilonForm = form, MaxGradNorm = 0.5f };
        using var optimizer = new AdamWOptimizer(Small.Kernels, new ParameterBuffers(weights, gradients, Tensors), options);
        double[] expected = TestSupport.Data.Doubles(weights.Span), m = new double[Count], v = new double[Count];
        double norm = 0;

        for (int step = 1; step <= 3; step++)
        {
            gradients.Span[step] *= 2;
            double[] g = TestSupport.Data.Doubles(gradients.Span);
            norm = Math.Sqrt(g.Sum(x => x * x));
            for (int i = 0; i < Count; i++)
            {
                double clipped = g[i] * Math.Min(1, 0.5 / (norm + 1e-6));
                m[i] = (0.8 * m[i]) + (0.2 * clipped);
                v[i] = (0.95 * v[i]) + (0.05 * clipped * clipped);
                double c1 = 1 - Math.Pow(0.8, step), c2 = 1 - Math.Pow(0.95, step);
                expected[i] -= form == AdamEpsilonForm.Paper
                    ? 0.01 * (m[i] / c1) / (Math.Sqrt(v[i] / c2) + 1e-3)
                    : 0.01 * Math.Sqrt(c2) / c1 * m[i] / (Math.Sqrt(v[i]) + 1e-3);
            }

            Assert.That(optimizer.Step(0.01f), Is.EqualTo(norm).Within(1e-4));
        }

        Assert.That(weights.ToArray(), Is.EqualTo(expected).Within(2e-6));
        Assert.That(norm, Is.GreaterThan(0.5), "the gradients of the test must be clipped");
    }

    [Test]
    public void Step_DecaysMatricesOnly()
    {
        using var weights = Pinned.Of(Enumerable.Repeat(1f, Count).ToArray());
        using var gradients = Pinned.Zeros<float>(Count);
        using var optimizer = new AdamWOptimizer(
            Small.Kernels, new ParameterBuffers(weights, gradients, Tensors), new AdamWOptions { WeightDecay = 0.1f });

        optimizer.Step(0.5f);

        float[] expected = [.. Enumerable.Range(0, Count).Select(i => i is >= 12 and < 16 ? 1f : 0.95f)];
        Assert.That(weights.ToArray(), Is.EqualTo(expected).Within(1e-6f));
    }

    [Test]
    public void Step_NamesTheTensorAndChangesNothing_WhenAGradientIsNotFinite([Values(float.NaN, float.PositiveInfinity)] float bad)
    {
        using var weights = Pinned.Of(TestSupport.Data.Normal(1, Count));
        using var gradients = Pinned.Of(TestSupport.Data.Normal(2, Count));
        using var optimizer = new AdamWOptimizer(Small.Kernels, new ParameterBuffers(weights, gradients, Tensors), new AdamWOptions());
        optimizer.Step(0.1f);
        float[] before = weights.ToArray();
        gradients.Span[14] = bad;

        var error = Assert.Throws<TrainingDivergedException>(() => optimizer.Step(0.1f));

        Assert.Multiple(() =>
        {
            Assert.That(error!.Message, Does.Contain("'a.bias'").And.Contain("step 2").And.Contain("element 2"));
            Assert.That(weights.ToArray(), Is.EqualTo(before));
            Assert.That(optimizer.StepCount, Is.EqualTo(1));
        });
    }

    [Test]
    public void Load_GoesOnBitForBit()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.Combine("optimizer.safetensors");
        float[][] steps = [.. Enumerable.Range(0, 6).Select(i => TestSupport.Data.Normal(10 + i, Count))];
        using var weights = Pinned.Of(TestSupport.Data.Normal(1, Count));
        using var gradients = Pinned.Zeros<float>(Count);
        var buffers = new ParameterBuffers(weights, gradients, Tensors);
        var options = new AdamWOptions { EmaDecay = 0.9f };
        using var whole = new AdamWOptimizer(Small.Kernels, buffers, options);
        Run(whole, gradients, steps.AsSpan(0, 3));
        whole.Save(path);
        float[] halfway = weights.ToArray();
        Run(whole, gradients, steps.AsSpan(3));
        float[] expected = weights.ToArray();
        halfway.CopyTo(weights.Span);

        using var resumed = new AdamWOptimizer(Small.Kernels, buffers, options);
        resumed.Load(path);
        Run(resumed, gradients, steps.AsSpan(3));

        Assert.Multiple(() =>
        {
            Assert.That(resumed.StepCount, Is.EqualTo(6));
            Assert.That(weights.ToArray(), Is.EqualTo(expected));
            Assert.That(Values(resumed.Ema), Is.EqualTo(Values(whole.Ema)));
        });
    }

    [Test]
    public void Load_NamesTheTensor_WhenTheStateIsOfAnotherModel()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.Combine("optimizer.safetensors");
        using var weights = Pinned.Of(TestSupport.Data.Normal(1, Count));
        using var gradients = Pinned.Zeros<float>(Count);
        using (var saved = new AdamWOptimizer(Small.Kernels, new ParameterBuffers(weights, gradients, Tensors), new AdamWOptions()))
            saved.Save(path);
        Parameter[] other = [.. Tensors[..2], new("c.weight", [2, 4], 16)];
        using var optimizer = new AdamWOptimizer(Small.Kernels, new ParameterBuffers(weights, gradients, other), new AdamWOptions());

        Assert.That(() => optimizer.Load(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("b.weight"));
    }

    private static void Run(AdamWOptimizer optimizer, Pinned<float> gradients, ReadOnlySpan<float[]> steps)
    {
        foreach (float[] step in steps)
        {
            step.CopyTo(gradients.Span);
            optimizer.Step(0.05f);
        }
    }

    private static float[] Values(Rlhf.Kernels.Memory.View<float> view) => [.. Enumerable.Range(0, view.Rows).Select(i => view[i])];
}
