using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Optimizer.AdamW;

namespace Rlhf.Kernels.Conformance.Optimizer;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class AdamWTests(IKernels kernels)
{
    [Test]
    public void ThreeSteps_MatchReference(
        [Values(1, 2, 15, 17, 33, 2049, 5000)] int n, [Values] AdamEpsilonForm form, [Values(0f, 0.1f)] float weightDecay, [Values] bool averaged)
    {
        float[] start = Data.Normal(1, n);
        double[] p = Data.Doubles(start), m1 = new double[n], m2 = new double[n], ema = Data.Doubles(start);
        using var parameters = Pinned.Of(start);
        using Pinned<float> moment1 = Pinned.Zeros<float>(n), moment2 = Pinned.Zeros<float>(n);
        using var average = Pinned.Of(start);
        using var scale = Pinned.Of([0.5f]);
        for (int step = 1; step <= 3; step++)
        {
            float[] gradients = Data.Normal(10 + step, n, 0.1);
            using var g = Pinned.Of(gradients);
            kernels.AdamW(new AdamWArgs
            {
                Parameters = parameters, Gradients = g, Moment1 = moment1, Moment2 = moment2, Ema = averaged ? average : default(View<float>),
                GradScale = scale, Step = step, LearningRate = 1e-2f, Beta1 = 0.9f, Beta2 = 0.95f, Epsilon = 1e-5f, EpsilonForm = form,
                WeightDecay = weightDecay, EmaDecay = 0.992f,
            });
            Oracle.Update(p, Data.Doubles(gradients), m1, m2, ema, 0.5, step, 1e-2f, 0.9f, 0.95f, 1e-5f, form, weightDecay, 0.992f);
        }

        Expect.Close("AdamW", "parameters", parameters.Span, p, scale: 0.1);
        Expect.Close("AdamW", "moment1", moment1.Span, m1, scale: 1e-2);
        Expect.Close("AdamW", "moment2", moment2.Span, m2, scale: 1e-4);
        if (averaged)
        {
            Expect.Close("AdamW", "ema", average.Span, ema, scale: 0.1);
        }
    }

    [Test]
    public void FirstStep_MovesByTheLearningRate()
    {
        // m / sqrt(v) is ± 1 after the corrections, whatever the gradient's size.
        using var parameters = Pinned.Of([1f, 1f, 1f]);
        using var g = Pinned.Of([3f, -1e-3f, 0f]);
        using Pinned<float> m1 = Pinned.Zeros<float>(3), m2 = Pinned.Zeros<float>(3);
        kernels.AdamW(Args(parameters, g, m1, m2, 1e-12f));
        Assert.That(parameters.ToArray(), Is.EqualTo(new[] { 0.9f, 1.1f, 1f }).Within(1e-6f));
    }

    [Test]
    public void EpsilonForms_Differ_InTheFirstStep()
    {
        float After(AdamEpsilonForm form)
        {
            using var p = Pinned.Of([0f]);
            using var g = Pinned.Of([1e-4f]);
            using Pinned<float> m1 = Pinned.Zeros<float>(1), m2 = Pinned.Zeros<float>(1);
            kernels.AdamW(Args(p, g, m1, m2, 1e-5f) with { EpsilonForm = form });
            return p.Span[0];
        }

        // Paper: g / (g + ε). TensorFlow: the uncorrected root is sqrt(1 − β2) g, so ε weighs more.
        double root = Math.Sqrt(1 - (double)0.99f);
        Assert.That(After(AdamEpsilonForm.Paper), Is.EqualTo(-0.1 * 1e-4 / (1e-4 + 1e-5)).Within(1e-6));
        Assert.That(After(AdamEpsilonForm.TensorFlow), Is.EqualTo(-0.1 * root * 1e-4 / ((root * 1e-4) + 1e-5)).Within(1e-6));
    }

    [Test]
    public void DenormalMoments_BecomeZero()
    {
        using var parameters = Pinned.Of([1f, 1f]);
        using var g = Pinned.Of([1e-39f, 1e-21f]);
        using var m1 = Pinned.Of([1e-38f, 0f]);
        using var m2 = Pinned.Of([1.2e-38f, 0f]);
        kernels.AdamW(Args(parameters, g, m1, m2, 1e-8f));
        Assert.That((m1.Span[0], m2.Span[0], m2.Span[1]), Is.EqualTo((0f, 1.2e-38f * 0.99f, 0f)).Or.EqualTo((0f, 0f, 0f)));
        Assert.That(m1.Span[1], Is.EqualTo(1e-22f).Within(1e-28f), "a small normal moment stays");
    }

    [Test]
    public void NaNGradient_ShowsInTheParameter()
    {
        using var parameters = Pinned.Of([1f, 1f]);
        using var g = Pinned.Of([float.NaN, 0f]);
        using Pinned<float> m1 = Pinned.Zeros<float>(2), m2 = Pinned.Zeros<float>(2);
        kernels.AdamW(Args(parameters, g, m1, m2, 1e-8f));
        Assert.That(parameters.ToArray(), Is.EqualTo(new[] { float.NaN, 1f }));
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using var p = Pinned.Zeros<float>(2);
        using var one = Pinned.Zeros<float>(1);
        using var pitched = Pinned.Pitched(new float[2], 2, 1, 2, 0f);
        Assert.Multiple(() =>
        {
            Assert.That(() => kernels.AdamW(Args(p, one, p, p, 0f)), Throws.ArgumentException.With.Message.EqualTo("Gradients is [1], expected [2]"));
            Assert.That(() => kernels.AdamW(Args(p, p, p, p, 0f) with { Step = 0 }), Throws.ArgumentException.With.Message.EqualTo("Step is 0, expected 1 or more"));
            Assert.That(() => kernels.AdamW(Args(p, p, p, pitched, 0f)), Throws.ArgumentException.With.Message.Contains("contiguous memory"));
            Assert.That(() => kernels.AdamW(Args(p, p, p, p, -1f)), Throws.ArgumentException.With.Message.Contains("Epsilon is -1, expected a finite number of at least 0"));
        });
    }

    private static AdamWArgs Args(View<float> parameters, View<float> gradients, View<float> moment1, View<float> moment2, float epsilon) => new()
    {
        Parameters = parameters, Gradients = gradients, Moment1 = moment1, Moment2 = moment2,
        Step = 1, LearningRate = 0.1f, Beta1 = 0.9f, Beta2 = 0.99f, Epsilon = epsilon,
    };
}
