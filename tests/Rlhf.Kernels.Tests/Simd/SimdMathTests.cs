using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Tests.Simd;

[TestFixture(SimdWidth.Scalar)]
[TestFixture(SimdWidth.V128)]
[TestFixture(SimdWidth.V256)]
[TestFixture(SimdWidth.V512)]
public sealed class SimdMathTests(SimdWidth width)
{
    private static readonly float[] Positive = [.. Enumerable.Range(0, 40_000).Select(i => i * 88.7f / 40_000)];
    private static readonly float[] Negative = [.. Enumerable.Range(0, 40_000).Select(i => i * -87.3f / 40_000)];

    [Test]
    public void Exp_IsWithinTwoUlp_OverItsRange() => Check(new Exp(), [.. Negative, .. Positive], Math.Exp, 2);

    [Test]
    public void ExpNonPositive_IsWithinTwoUlp_OverItsRange() => Check(new ExpNonPositive(), Negative, Math.Exp, 2);

    [Test]
    public void Exp2NonPositive_IsWithinTwoUlp_OverItsRange() =>
        Check(new Exp2NonPositive(), [.. Enumerable.Range(0, 60_000).Select(i => i * -126f / 60_000)], x => Math.Pow(2, x), 2);

    [Test]
    public void Tanh_IsWithinThreeUlp_OverItsRange() =>
        Check(new Tanh(), [.. Enumerable.Range(1, 50_000).Select(i => (i - 25_000) * 12f / 25_000), 1e-8f, -1e-30f, 0.62499f, 0.62501f], Math.Tanh, 3);

    [Test]
    public void Log_IsWithinTwoUlp_OverManyPowersOfTwo() =>
        Check(new Log(), [.. Enumerable.Range(0, 60_000).Select(i => MathF.Exp((i - 30_000) * 80f / 30_000)).Where(x => MathF.Abs(x - 1) > 0.02f)], Math.Log, 2);

    [Test]
    public void Log_KeepsItsDigits_BesideOne() =>
        Check(new Log(), [.. Enumerable.Range(0, 40_000).Select(i => 0.98f + (i * 1e-6f)).Where(x => x != 1f)], Math.Log, 3);

    [Test]
    public void Log1P_IsWithinTwoUlp_OverItsRange() =>
        Check(new Log1P(), [.. Enumerable.Range(0, 60_000).Select(i => -0.5f + (i * 1.5f / 60_000)).Where(x => x != 0f), 1e-20f, -1e-7f], ExactLog1P, 2);

    [Test]
    public void Exp_KeepsSpecialValues() =>
        Assert.That(
            Lanes.Map(width, [float.NegativeInfinity, -200f, 0f, 88.73f, 1e30f, float.PositiveInfinity, float.NaN], new Exp()),
            Is.EqualTo([0f, 0f, 1f, float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity, float.NaN]));

    [Test]
    public void ExpNonPositive_KeepsSpecialValues() =>
        Assert.That(Lanes.Map(width, [float.NegativeInfinity, -88f, -1e30f, 0f, -0f, float.NaN], new ExpNonPositive()), Is.EqualTo([0f, 0f, 0f, 1f, 1f, float.NaN]));

    [Test]
    public void Exp2NonPositive_KeepsSpecialValues() =>
        Assert.That(
            Lanes.Map(width, [float.NegativeInfinity, -127f, -126.6f, -1e30f, 0f, -0f, -1f, -126f, float.NaN], new Exp2NonPositive()),
            Is.EqualTo([0f, 0f, 0f, 0f, 1f, 1f, 0.5f, 1.17549435e-38f, float.NaN]));

    [Test]
    public void Tanh_KeepsSpecialValues() =>
        Assert.That(
            Lanes.Map(width, [float.NegativeInfinity, -50f, 0f, 50f, float.PositiveInfinity, float.NaN], new Tanh()),
            Is.EqualTo([-1f, -1f, 0f, 1f, 1f, float.NaN]));

    [Test]
    public void Functions_HaveTheBitsOfOneLane()
    {
        float[] x = [.. Negative.Where((_, i) => i % 7 == 0)];
        Assert.Multiple(() =>
        {
            Assert.That(Lanes.Map(width, x, new Exp()), Is.EqualTo(Lanes.Map(SimdWidth.Scalar, x, new Exp())));
            Assert.That(Lanes.Map(width, x, new Exp2NonPositive()), Is.EqualTo(Lanes.Map(SimdWidth.Scalar, x, new Exp2NonPositive())));
            Assert.That(Lanes.Map(width, x, new Tanh()), Is.EqualTo(Lanes.Map(SimdWidth.Scalar, x, new Tanh())));
        });
    }

    // log(1 + x) · x / ((1 + x) − 1): exact to the last digit (Goldberg 1991, theorem 4).
    private static double ExactLog1P(double x) => 1 + x == 1 ? x : Math.Log(1 + x) * x / (1 + x - 1);

    private void Check<TFunction>(TFunction function, float[] values, Func<double, double> exact, double ulps)
        where TFunction : struct, ILaneFunction
    {
        float[] actual = Lanes.Map(width, values, function);
        double worst = 0;
        float where = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double expected = exact(values[i]);
            double error = Math.Abs(actual[i] - expected) / (MathF.BitIncrement(MathF.Abs((float)expected)) - MathF.Abs((float)expected));
            if (!(error <= worst))
            {
                (worst, where) = (error, values[i]);
            }
        }

        Assert.That(worst, Is.LessThanOrEqualTo(ulps), $"ulp at {where}");
    }

    private struct Exp : ILaneFunction
    {
        public readonly TV Apply<TV>(TV x)
            where TV : struct, ISimd<TV> => SimdMath.Exp(x);
    }

    private struct ExpNonPositive : ILaneFunction
    {
        public readonly TV Apply<TV>(TV x)
            where TV : struct, ISimd<TV> => SimdMath.ExpNonPositive(x);
    }

    private struct Exp2NonPositive : ILaneFunction
    {
        public readonly TV Apply<TV>(TV x)
            where TV : struct, ISimd<TV> => SimdMath.Exp2NonPositive(x, out _);
    }

    private struct Log : ILaneFunction
    {
        public readonly TV Apply<TV>(TV x)
            where TV : struct, ISimd<TV> => SimdMath.Log(x);
    }

    private struct Log1P : ILaneFunction
    {
        public readonly TV Apply<TV>(TV x)
            where TV : struct, ISimd<TV> => SimdMath.Log1P(x);
    }

    private struct Tanh : ILaneFunction
    {
        public readonly TV Apply<TV>(TV x)
            where TV : struct, ISimd<TV> => SimdMath.Tanh(x);
    }
}
