using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.MaskedMean;

namespace Rlhf.Kernels.Conformance.Sequence;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class MaskedMeanTests(IKernels kernels)
{
    [Test]
    public void Moments_MatchReference(
        [Values(1, 2, 15, 17, 129, 2048, 5000)] int cols, [Values] bool masked, [Values] bool unbiased, [Values(0, 1e4)] double offset)
    {
        float[] values = Data.Normal(1, 3 * cols, mean: offset);
        byte[] mask = Data.Mask(2, 3 * cols);
        using var v = Pinned.Pitched(values, 3, cols, cols + 2, float.NaN);
        using var m = Pinned.Pitched(mask, 3, cols, cols + 1, (byte)1);
        using var stats = Pinned.Zeros<float>(MaskedMeanArgs.StatsLength);
        kernels.MaskedMean(new MaskedMeanArgs { Values = v, Mask = masked ? m : default(ReadOnlyView<byte>), Unbiased = unbiased, Stats = stats });
        var (count, mean, variance) = Oracle.Compute(Data.Doubles(values), masked ? Data.Booleans(mask) : null, unbiased);
        Assert.That(stats.Span[0], Is.EqualTo(count));
        Expect.Close("MaskedMean", "mean", stats.Span[1], mean);
        Expect.Close("MaskedMean", "variance", stats.Span[2], variance);
    }

    [Test]
    public void Moments_OfNothing_AreZero()
    {
        using var v = Pinned.Of([float.NaN]);
        using var m = Pinned.Of<byte>([0]);
        using var stats = Pinned.Of([9f, 9f, 9f]);
        kernels.MaskedMean(new MaskedMeanArgs { Values = v, Mask = m, Unbiased = true, Stats = stats });
        Assert.That(stats.ToArray(), Is.All.EqualTo(0f));
    }
}
