using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Policy.ValueClipLoss;

namespace Rlhf.Kernels.Conformance.Policy;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class ValueClipLossTests(IKernels kernels)
{
    [Test]
    public void LossAndGradient_MatchReference(
        [Values(1, 3)] int rows, [Values(1, 2, 15, 16, 17, 31, 33, 53, 129, 2048, 5000)] int cols, [Values] bool masked, [Values] bool pitched)
    {
        int n = rows * cols, pitch = pitched ? cols + 5 : cols;
        float[] old = Data.Normal(1, n), targets = Data.Normal(2, n);
        float[] values = [.. old.Zip(Data.Normal(3, n, 0.3), (o, c) => o + c)];
        byte[] mask = Data.Mask(4, n);
        float[] weights = [.. Enumerable.Range(1, rows).Select(row => row * 0.5f)];
        using var v = Pinned.Pitched(values, rows, cols, pitch, float.NaN);
        using var o = Pinned.Of(old, rows, cols);
        using var r = Pinned.Pitched(targets, rows, cols, pitch, float.NaN);
        using var m = Pinned.Pitched(mask, rows, cols, pitch, (byte)1);
        using var w = Pinned.Of(weights);
        using var grad = Pinned.Pitched(new float[n], rows, cols, pitch, 7f);
        using var stats = Pinned.Zeros<float>(ValueClipStats.Length);
        kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = v, OldValues = o, Returns = r, Mask = masked ? m : default(ReadOnlyView<byte>), ClipRange = 0.2f,
            Normalizer = n, RowWeights = pitched ? w : default(ReadOnlyView<float>), GradValues = grad, Stats = stats,
        });
        var (expected, expectedGrad) = Oracle.Compute(
            Data.Doubles(values), Data.Doubles(old), Data.Doubles(targets), masked ? Data.Booleans(mask) : null,
            pitched ? Data.Doubles(weights) : null, rows, 0.2f, n);
        ValueClipStats actual = ValueClipStats.Read(stats);
        Expect.Close("ValueClipLoss", "loss", actual.Loss, expected.Loss);
        Expect.Close("ValueClipLoss", "squared error", actual.SquaredError, expected.SquaredError);
        Expect.Close("ValueClipLoss", "value sum", actual.ValueSum, expected.ValueSum, scale: n);
        Expect.Close("ValueClipLoss", "gradient", grad.Dense(), expectedGrad, scale: 2.0 / n);
        Expect.PadsUntouched(grad, 7f);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Count, Is.EqualTo(expected.Count));
            Assert.That(actual.Clipped, Is.EqualTo(expected.Clipped));
        });
    }

    [TestCase(1.25f, 1f, 3f, 1.53125f, -1.75f, 0, TestName = "Inside the range the value itself counts")]
    [TestCase(1.5f, 1f, 3f, 1.53125f, 0f, 1, TestName = "Beyond the range and nearer than the bound: the bound's loss, no gradient")]
    [TestCase(0.5f, 1f, 3f, 3.125f, -2.5f, 0, TestName = "Beyond the range and farther than the bound: the value's loss and gradient")]
    [TestCase(1.25f, 1f, 1.25f, 0f, 0f, 0, TestName = "At the target there is nothing")]
    public void Token_MatchesHandNumbers(float value, float oldValue, float target, float loss, float gradient, int clipped)
    {
        using var v = Pinned.Of([value]);
        using var o = Pinned.Of([oldValue]);
        using var r = Pinned.Of([target]);
        using var grad = Pinned.Zeros<float>(1);
        using var stats = Pinned.Zeros<float>(ValueClipStats.Length);
        kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = v, OldValues = o, Returns = r, ClipRange = 0.25f, Normalizer = 1, GradValues = grad, Stats = stats,
        });
        Assert.That(
            (ValueClipStats.Read(stats).Loss, grad.Span[0], ValueClipStats.Read(stats).Clipped),
            Is.EqualTo(((double)loss, gradient, (double)clipped)));
    }

    [Test]
    public void InfiniteRange_IsThePlainSquare()
    {
        using var v = Pinned.Of([5f, -3f]);
        using var o = Pinned.Of([0f, 0f]);
        using var r = Pinned.Of([1f, 1f]);
        using var grad = Pinned.Zeros<float>(2);
        using var stats = Pinned.Zeros<float>(ValueClipStats.Length);
        kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = v, OldValues = o, Returns = r, ClipRange = float.PositiveInfinity, Normalizer = 2, GradValues = grad, Stats = stats,
        });
        Assert.That(ValueClipStats.Read(stats).Loss, Is.EqualTo(8));
        Assert.That(grad.ToArray(), Is.EqualTo(new[] { 2f, -2f }));
    }

    [Test]
    public void MaskedNaN_ChangesNothing([Values(3, 16, 40)] int n)
    {
        float[] values = new float[n], zeros = new float[n];
        Array.Fill(values, float.NaN);
        values[1] = 0.5f;
        byte[] mask = new byte[n];
        mask[1] = 1;
        using var v = Pinned.Of(values);
        using var o = Pinned.Of(zeros);
        using var m = Pinned.Of(mask);
        using var grad = Pinned.Of(values);
        using var stats = Pinned.Zeros<float>(ValueClipStats.Length);
        kernels.ValueClipLoss(new ValueClipLossArgs
        {
            Values = v, OldValues = v, Returns = o, Mask = m, ClipRange = 0.25f, Normalizer = 1, GradValues = grad, Stats = stats,
        });
        Assert.That(ValueClipStats.Read(stats), Is.EqualTo(new ValueClipStats(0.125, 1, 0, 0.5, 0.25)));
        Assert.That(grad.ToArray(), Is.EqualTo(Enumerable.Range(0, n).Select(i => i == 1 ? 0.5f : 0f)));
    }
}
