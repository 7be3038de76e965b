using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.Whiten;

namespace Rlhf.Kernels.Conformance.Sequence;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class WhitenTests(IKernels kernels)
{
    [Test]
    public void Whitened_MatchesReference(
        [Values(1, 3)] int rows, [Values(1, 2, 15, 17, 33, 129, 2048, 5000)] int cols, [Values] bool masked, [Values] bool unbiased, [Values] bool shiftMean)
    {
        int n = rows * cols;
        float[] values = Data.Normal(1, n, scale: 2, mean: 3);
        byte[] mask = Data.Mask(2, n);
        float[] actual = Run(values, masked ? mask : null, rows, cols, unbiased, shiftMean);
        double[] expected = Oracle.Compute(Data.Doubles(values), masked ? Data.Booleans(mask) : null, unbiased, shiftMean);

        // A value beside the mean loses digits of the mean's size.
        Expect.Close("Whiten", "whitened", actual, expected, scale: 1);
    }

    [Test]
    public void FourValues_MatchHandNumbers()
    {
        // Mean 3, deviations −2 −1 1 2, Σ = 10: variance 10/3 or 10/4.
        float[] values = [1, 2, 4, 5];
        Assert.Multiple(() =>
        {
            Assert.That(Run(values, null, 1, 4, true, true)[3], Is.EqualTo(2 / Math.Sqrt(10.0 / 3)).Within(1e-6));
            Assert.That(Run(values, null, 1, 4, false, true)[3], Is.EqualTo(2 / Math.Sqrt(10.0 / 4)).Within(1e-6));
            Assert.That(Run(values, null, 1, 4, false, false)[3], Is.EqualTo(3 + (2 / Math.Sqrt(10.0 / 4))).Within(1e-6));
        });
    }

    [Test]
    public void OneValue_IsOnlyShifted([Values] bool unbiased)
    {
        Assert.That(Run([5f, 9f], [0, 1], 1, 2, unbiased, true), Is.EqualTo(new[] { 0f, 0f }));
        Assert.That(Run([5f, 9f], [0, 1], 1, 2, unbiased, false), Is.EqualTo(new[] { 0f, 9f }));
    }

    [Test]
    public void NothingCounted_IsAllZero() => Assert.That(Run([5f, float.NaN], [0, 0], 1, 2, true, true), Is.All.EqualTo(0f));

    [Test]
    public void EqualValues_GiveZero() => Assert.That(Run([5f, 5f, 5f], null, 1, 3, true, true), Is.All.EqualTo(0f));

    [Test]
    public void MaskedNaN_ChangesNothing()
    {
        float[] clean = Run([1f, 0f, 2f, 4f], [1, 0, 1, 1], 1, 4, true, true);
        Assert.That(Run([1f, float.NaN, 2f, 4f], [1, 0, 1, 1], 1, 4, true, true), Is.EqualTo(clean));
    }

    [Test]
    public void GivenStatistics_ReplaceThoseOfTheValues()
    {
        using var v = Pinned.Of([1f, 2f, 3f]);
        using var given = Pinned.Of([10f, 1f, 4f]);
        kernels.Whiten(new WhitenArgs { Values = v, Unbiased = true, ShiftMean = true, GivenStats = given, Whitened = v });
        Assert.That(v.ToArray(), Is.EqualTo(new[] { 0f, 0.5f, 1f }).Within(1e-7f));
    }

    private float[] Run(float[] values, byte[]? mask, int rows, int cols, bool unbiased, bool shiftMean)
    {
        using var v = Pinned.Pitched(values, rows, cols, cols + 2, float.NaN);
        using var m = Pinned.Of(mask ?? new byte[values.Length], rows, cols);
        using var whitened = Pinned.Pitched(new float[values.Length], rows, cols, cols + 1, 7f);
        kernels.Whiten(new WhitenArgs
        {
            Values = v, Mask = mask is null ? default(ReadOnlyView<byte>) : m, Unbiased = unbiased, ShiftMean = shiftMean, Whitened = whitened,
        });
        Expect.PadsUntouched(whitened, 7f);
        return whitened.Dense();
    }
}
