using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.Gae;

namespace Rlhf.Kernels.Conformance.Sequence;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class GaeTests(IKernels kernels)
{
    /// <summary>Which of the optional arguments a case gives.</summary>
    public enum Ends
    {
        None,
        LastValues,
        Dones,
        Truncations,
    }

    [Test]
    public void Advantages_MatchReference(
        [Values] TimeAxis axis,
        [Values] GaeMaskMode mode,
        [Values] Ends ends,
        [Values(1, 3, 8, 17, 70)] int sequences,
        [Values(1, 2, 31, 129, 300)] int length) => Check(axis, mode, ends, sequences, length, 0.99f, 0.95f);

    [Test]
    public void Advantages_MatchReference_WithoutDecay([Values] TimeAxis axis, [Values] GaeMaskMode mode) =>
        Check(axis, mode, Ends.LastValues, 9, 1024, 1f, 1f);

    [Test]
    public void Advantages_MatchReference_AtTheEdgesOfGammaAndLambda([Values] TimeAxis axis, [Values(0f, 1f)] float gamma, [Values(0f, 1f)] float lambda) =>
        Check(axis, GaeMaskMode.None, Ends.Truncations, 5, 40, gamma, lambda);

    [Test]
    public void Advantages_MatchReference_InLongRows([Values] GaeMaskMode mode, [Values(Ends.LastValues, Ends.Truncations)] Ends ends) =>
        Check(TimeAxis.Cols, mode, ends, 2, 2500, 0.999f, 0.97f);

    [Test]
    public void Columns_HaveTheSameBits_HoweverWide()
    {
        // Wide, aligned matrices have their own walk on some devices.
        const int B = 32768, T = 6, Narrow = 37;
        SmallOnly.SkipEmulated(kernels, B * T);
        float[] rewards = Data.Normal(1, B * T), values = Data.Normal(2, B * T);
        byte[] dones = Data.Mask(3, B * T, 0.3);
        float[] wide = Run(TimeAxis.Rows, rewards, values, T, out float[] wideReturns, dones: dones);
        float[] narrow = Run(TimeAxis.Rows, First(rewards), First(values), T, out float[] narrowReturns, dones: First(dones));
        Assert.That(First(wide), Is.EqualTo(narrow));
        Assert.That(First(wideReturns), Is.EqualTo(narrowReturns));

        static TValue[] First<TValue>(TValue[] matrix) =>
            [.. Enumerable.Range(0, T).SelectMany(t => matrix[(t * B)..((t * B) + Narrow)])];
    }

    [Test]
    public void TwoSteps_MatchHandNumbers([Values] TimeAxis axis)
    {
        // δ1 = 2 − 0.5 = 1.5; δ0 = 1 + 0.5 · 0.5 − 0.25 = 1; A0 = 1 + 0.5 · 0.5 · 1.5 = 1.375.
        float[] advantages = Run(axis, [1f, 2f], [0.25f, 0.5f], 2, out float[] returns);
        Assert.That(advantages, Is.EqualTo(new[] { 1.375f, 1.5f }));
        Assert.That(returns, Is.EqualTo(new[] { 1.625f, 2f }));
    }

    [Test]
    public void InfinityOfTheNextEpisode_DoesNotFlowBack([Values] TimeAxis axis)
    {
        float[] advantages = Run(axis, [1f, 2f, float.PositiveInfinity], [0f, 0f, 0f], 3, out _, dones: [0, 1, 0]);
        Assert.That(advantages, Is.EqualTo(new[] { 1.5f, 2f, float.PositiveInfinity }));
    }

    [Test]
    public void MaskedNaN_ChangesNothing([Values] TimeAxis axis, [Values(GaeMaskMode.Zero, GaeMaskMode.Skip)] GaeMaskMode mode)
    {
        float[] advantages = Run(axis, [1f, float.NaN, 2f, float.NaN], [0f, float.NaN, 0f, float.NaN], 4, out float[] returns, [1, 0, 1, 0], mode);
        Assert.That(advantages, Is.EqualTo(mode == GaeMaskMode.Skip ? new[] { 1.5f, 2f, 2f, 0f } : [1.125f, 0.5f, 2f, 0f]));
        Assert.That(returns, Is.EqualTo(advantages));
    }

    [Test]
    public void Sequence_HasTheSameBits_AloneAndInABatch([Values] TimeAxis axis)
    {
        const int B = 21, T = 200;
        float[] rewards = Data.Normal(1, B * T), values = Data.Normal(2, B * T);
        float[] together = Run(axis, Laid(rewards, B, T, axis), Laid(values, B, T, axis), T, out _);
        int odd = 13;
        float[] alone = Run(axis, rewards[(odd * T)..((odd + 1) * T)], values[(odd * T)..((odd + 1) * T)], T, out _);
        Assert.That(Laid(together, axis == TimeAxis.Cols ? B : T, axis == TimeAxis.Cols ? T : B, axis)[(odd * T)..((odd + 1) * T)], Is.EqualTo(alone));
    }

    [Test]
    public void Mask_IsRefusedOrDemanded_ByItsMode()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                () => Run(TimeAxis.Cols, [1f], [1f], 1, out _, null, GaeMaskMode.Skip),
                Throws.ArgumentException.With.Message.EqualTo("Mask is missing, MaskMode is Skip"));
            Assert.That(
                () => Run(TimeAxis.Cols, [1f], [1f], 1, out _, [1]),
                Throws.ArgumentException.With.Message.EqualTo("Mask is given, MaskMode is None"));
        });
    }

    private float[] Run(
        TimeAxis axis, float[] rewards, float[] values, int length, out float[] returns, byte[]? mask = null, GaeMaskMode mode = GaeMaskMode.None, byte[]? dones = null)
    {
        int sequences = rewards.Length / length;
        (int rows, int cols) = axis == TimeAxis.Cols ? (sequences, length) : (length, sequences);
        using var r = Pinned.Of(rewards, rows, cols);
        using var v = Pinned.Of(values, rows, cols);
        using var m = Pinned.Of(mask ?? new byte[rewards.Length], rows, cols);
        using var d = Pinned.Of(dones ?? new byte[rewards.Length], rows, cols);
        using var a = Pinned.Zeros<float>(rows, cols);
        using var ret = Pinned.Zeros<float>(rows, cols);
        kernels.Gae(new GaeArgs
        {
            Rewards = r, Values = v, Time = axis, MaskMode = mode, Mask = mask is null ? default(ReadOnlyView<byte>) : m,
            Dones = dones is null ? default(ReadOnlyView<byte>) : d, Gamma = 0.5f, Lambda = 0.5f, Advantages = a, Returns = ret,
        });
        returns = ret.Dense();
        return a.Dense();
    }

    private void Check(TimeAxis axis, GaeMaskMode mode, Ends ends, int sequences, int length, float gamma, float lambda)
    {
        int n = sequences * length;
        (int rows, int cols) = axis == TimeAxis.Cols ? (sequences, length) : (length, sequences);
        float[] rewards = Data.Normal(1, n), values = Data.Normal(2, n), bootstraps = Data.Normal(3, n), last = Data.Normal(4, sequences);
        byte[] mask = Data.Mask(5, n), dones = Data.Mask(6, n, 0.1), truncations = Data.Mask(7, n, 0.5);
        using var r = Pinned.Pitched(Laid(rewards, sequences, length, axis), rows, cols, cols + 3, float.NaN);
        using var v = Pinned.Of(Laid(values, sequences, length, axis), rows, cols);
        using var m = Pinned.Pitched(Laid(mask, sequences, length, axis), rows, cols, cols + 1, (byte)1);
        using var d = Pinned.Of(Laid(dones, sequences, length, axis), rows, cols);
        using var tr = Pinned.Of(Laid(truncations, sequences, length, axis), rows, cols);
        using var trv = Pinned.Pitched(Laid(bootstraps, sequences, length, axis), rows, cols, cols + 2, float.NaN);
        using var lv = Pinned.Pitched(last, sequences, 1, 2, float.NaN);
        using var a = Pinned.Pitched(new float[n], rows, cols, cols + 4, 7f);
        using var ret = Pinned.Zeros<float>(rows, cols);
        kernels.Gae(new GaeArgs
        {
            Rewards = r, Values = v, Time = axis, MaskMode = mode,
            Mask = mode == GaeMaskMode.None ? default(ReadOnlyView<byte>) : m,
            Dones = ends >= Ends.Dones ? d : default(ReadOnlyView<byte>),
            Truncations = ends == Ends.Truncations ? tr : default(ReadOnlyView<byte>),
            TruncationValues = ends == Ends.Truncations ? trv : default(ReadOnlyView<float>),
            LastValues = ends == Ends.None ? default(ReadOnlyView<float>) : lv,
            Gamma = gamma, Lambda = lambda, Advantages = a, Returns = ret,
        });

        float[] actualAdvantages = Laid(a.Dense(), rows, cols, axis), actualReturns = Laid(ret.Dense(), rows, cols, axis);
        for (int b = 0; b < sequences; b++)
        {
            Range row = (b * length)..((b + 1) * length);
            var (expected, expectedReturns) = Oracle.Compute(
                Data.Doubles(rewards[row]), Data.Doubles(values[row]), mode, Data.Booleans(mask[row]),
                ends >= Ends.Dones ? Data.Booleans(dones[row]) : null,
                ends == Ends.Truncations ? Data.Booleans(truncations[row]) : null,
                Data.Doubles(bootstraps[row]), ends == Ends.None ? 0 : last[b], gamma, lambda);
            double scale = expected.Max(Math.Abs);
            Expect.Close("Gae", $"advantages of {b}", actualAdvantages.AsSpan(row), expected, scale);
            Expect.Close("Gae", $"returns of {b}", actualReturns.AsSpan(row), expectedReturns, scale);
        }

        Expect.PadsUntouched(a, 7f);
    }

    // [rows, cols] transposed where time is the row index, unchanged otherwise.
    private static T[] Laid<T>(T[] matrix, int rows, int cols, TimeAxis axis) => axis == TimeAxis.Cols
        ? matrix
        : [.. Enumerable.Range(0, cols).SelectMany(c => Enumerable.Range(0, rows).Select(r => matrix[(r * cols) + c]))];
}
