using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Optimizer.RmsProp;

namespace Rlhf.Kernels.Conformance.Optimizer;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class RmsPropTests(IKernels kernels)
{
    [Test]
    public void ThreeSteps_MatchReference(
        [Values(1, 2, 15, 17, 33, 2049, 5000)] int n, [Values] RmsPropEpsilonForm form, [Values(0f, 1f)] float start, [Values(1e-5f, 0.1f)] float epsilon)
    {
        float[] begin = Data.Normal(1, n), squaresBegin = [.. Enumerable.Repeat(start, n)];
        double[] p = Data.Doubles(begin), v = Data.Doubles(squaresBegin);
        using var parameters = Pinned.Of(begin);
        using var squares = Pinned.Of(squaresBegin);
        using var scale = Pinned.Of([0.5f]);
        for (int step = 1; step <= 3; step++)
        {
            float[] gradients = Data.Normal(10 + step, n, 0.1);
            using var g = Pinned.Of(gradients);
            kernels.RmsProp(Args(parameters, g, squares, epsilon, form) with { GradScale = scale });
            Oracle.Update(p, Data.Doubles(gradients), v, 0.5, 1e-2f, 0.99f, epsilon, form);
        }

        Expect.Close("RmsProp", "parameters", parameters.Span, p, scale: 0.1);
        Expect.Close("RmsProp", "mean squares", squares.Span, v);
    }

    [TestCase(RmsPropEpsilonForm.InsideRoot, 1f, 0.99f + (0.01f * 4f), 0.21f, TestName = "baselines: root of 1.03 + 0.21")]
    [TestCase(RmsPropEpsilonForm.OutsideRoot, 0f, 0.04f, 0.3f, TestName = "PyTorch: root of 0.04, plus 0.3")]
    public void OneStep_MatchesHandNumbers(RmsPropEpsilonForm form, float start, float squareAfter, float epsilon)
    {
        using var p = Pinned.Of([1f]);
        using var g = Pinned.Of([2f]);
        using var v = Pinned.Of([start]);
        kernels.RmsProp(Args(p, g, v, epsilon, form));
        double root = form == RmsPropEpsilonForm.InsideRoot ? Math.Sqrt(squareAfter + epsilon) : 0.2 + epsilon;
        Assert.That(v.Span[0], Is.EqualTo(squareAfter).Within(1e-6));
        Assert.That(p.Span[0], Is.EqualTo(1 - (0.01 * 2 / root)).Within(1e-6));
    }

    [Test]
    public void NoGradient_MovesNothing_EvenWithoutEpsilon([Values] RmsPropEpsilonForm form)
    {
        using var p = Pinned.Of([1f, 2f]);
        using Pinned<float> zeros = Pinned.Zeros<float>(2), v = Pinned.Zeros<float>(2);
        kernels.RmsProp(Args(p, zeros, v, 0f, form));
        Assert.That(p.ToArray(), Is.EqualTo(new[] { 1f, 2f }));
    }

    [Test]
    public void DenormalSquares_BecomeZero()
    {
        using var p = Pinned.Of([1f, 1f]);
        using var g = Pinned.Of([1e-20f, 1e-17f]);
        using var v = Pinned.Of([1.18e-38f, 0f]);
        kernels.RmsProp(Args(p, g, v, 1e-5f, RmsPropEpsilonForm.InsideRoot));
        Assert.That(v.Span[0], Is.Zero);
        Assert.That(v.Span[1], Is.EqualTo(1e-36f).Within(5e-42f), "a small normal square stays");
    }

    [Test]
    public void NaNGradient_ShowsInItsParameterAlone([Values] RmsPropEpsilonForm form)
    {
        using var p = Pinned.Of([1f, 1f]);
        using var g = Pinned.Of([float.NaN, 0f]);
        using Pinned<float> v = Pinned.Zeros<float>(2);
        kernels.RmsProp(Args(p, g, v, 1e-5f, form));
        Assert.That(p.ToArray(), Is.EqualTo(new[] { float.NaN, 1f }));
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using var p = Pinned.Zeros<float>(2);
        using var one = Pinned.Zeros<float>(1);
        using var pitched = Pinned.Pitched(new float[2], 2, 1, 2, 0f);
        Assert.Multiple(() =>
        {
            Assert.That(() => kernels.RmsProp(Args(p, one, p, 0f)), Throws.ArgumentException.With.Message.EqualTo("Gradients is [1], expected [2]"));
            Assert.That(() => kernels.RmsProp(Args(p, p, pitched, 0f)), Throws.ArgumentException.With.Message.Contains("contiguous memory"));
            Assert.That(() => kernels.RmsProp(Args(p, p, p, 0f) with { Decay = 1f }), Throws.ArgumentException.With.Message.Contains("Decay is 1"));
            Assert.That(() => kernels.RmsProp(Args(p, p, p, -1f)), Throws.ArgumentException.With.Message.Contains("Epsilon is -1, expected a finite number of at least 0"));
        });
    }

    private static RmsPropArgs Args(View<float> parameters, View<float> gradients, View<float> squares, float epsilon, RmsPropEpsilonForm form = default) => new()
    {
        Parameters = parameters, Gradients = gradients, MeanSquares = squares, LearningRate = 1e-2f, Decay = 0.99f, Epsilon = epsilon, EpsilonForm = form,
    };
}
