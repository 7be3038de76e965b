using Rlhf.Kernels.Optimizer;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Optimizer.GlobalNorm;

namespace Rlhf.Kernels.Conformance.Optimizer;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class GlobalNormTests(IKernels kernels)
{
    [Test]
    public void NormAndScale_MatchReference([Values(0, 1, 2, 15, 17, 2048, 5000, 300_000)] int n, [Values(1e-20, 1e-3, 1, 1e25)] double size)
    {
        SmallOnly.SkipEmulated(kernels, n);
        float[] gradients = Data.Normal(1, n, size);
        var (norm, scale) = Run(gradients, 1f);
        var expected = Oracle.Compute(Data.Doubles(gradients), 1);
        Expect.Close("GlobalNorm", "norm", norm, expected.Norm);
        Expect.Close("GlobalNorm", "scale", scale, expected.Scale);
    }

    [Test]
    public void ThreeFour_IsFive()
    {
        Assert.That(Run([3f, 0f, -4f], 1f), Is.EqualTo((5f, (float)(1 / 5.000001))));
        Assert.That(Run([3f, 0f, -4f], 10f), Is.EqualTo((5f, 1f)), "below the threshold nothing is scaled");
        Assert.That(Run([3f, 0f, -4f], float.PositiveInfinity), Is.EqualTo((5f, 1f)));
    }

    [Test]
    public void BadGradient_ShowsInTheNorm([Values(0, 7, 40)] int position)
    {
        float[] gradients = Data.Normal(1, 41);
        gradients[position] = float.NaN;
        Assert.That(Run(gradients, 1f), Is.EqualTo((float.NaN, float.NaN)));
        gradients[position] = float.NegativeInfinity;
        Assert.That(Run(gradients, 1f), Is.EqualTo((float.PositiveInfinity, 0f)));
    }

    [Test]
    public void Arguments_AreNamed_WhenWrong()
    {
        using var g = Pinned.Pitched(new float[4], 2, 2, 3, 0f);
        using var result = Pinned.Zeros<float>(2);
        Assert.Multiple(() =>
        {
            Assert.That(() => kernels.GlobalNorm(new GlobalNormArgs { Gradients = g, Result = result }), Throws.ArgumentException.With.Message.Contains("Gradients is [2, 2] with row stride 3"));
            Assert.That(() => Run([1f], 0f), Throws.ArgumentException.With.Message.EqualTo("MaxNorm is 0, expected above 0"));
        });
    }

    private (float Norm, float Scale) Run(float[] gradients, float maxNorm)
    {
        using var g = Pinned.Of(gradients);
        using var result = Pinned.Zeros<float>(2);
        kernels.GlobalNorm(new GlobalNormArgs { Gradients = g, MaxNorm = maxNorm, Result = result });
        return (result.Span[0], result.Span[1]);
    }
}
