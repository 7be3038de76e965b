namespace Rlhf.Kernels.Conformance;

/// <summary>Comparison against a reference within a kernel's catalogue tolerances; a failure names the worst element.</summary>
internal static class Expect
{
    /// <summary>|actual − expected| ≤ absolute + relative · max(|expected|, scale) everywhere.</summary>
    /// <param name="kernel">Name in the catalogue.</param>
    /// <param name="what">The result, for the message.</param>
    /// <param name="actual">The kernel's result.</param>
    /// <param name="expected">The reference's result.</param>
    /// <param name="scale">Size of the terms that went into an element, where they may cancel.</param>
    public static void Close(string kernel, string what, ReadOnlySpan<float> actual, ReadOnlySpan<double> expected, double scale = 0)
    {
        KernelInfo info = KernelCatalogue.All.Single(entry => entry.Name == kernel);
        Assert.That(actual.Length, Is.EqualTo(expected.Length), what);
        double worst = 0;
        int at = -1;
        for (int i = 0; i < actual.Length; i++)
        {
            double allowed = info.AbsoluteTolerance + (info.RelativeTolerance * Math.Max(Math.Abs(expected[i]), scale));
            double excess = Math.Abs(actual[i] - expected[i]) / allowed;
            bool same = actual[i] == expected[i] || (float.IsNaN(actual[i]) && double.IsNaN(expected[i]));
            if (!same && !(excess <= Math.Max(worst, 1)))
            {
                worst = double.IsNaN(excess) ? double.PositiveInfinity : excess;
                at = i;
            }
        }

        if (at >= 0)
        {
            Assert.Fail($"{what}[{at}] is {actual[at]:R}, expected {expected[at]:R} (error {worst:G3} of what is allowed)");
        }
    }

    /// <summary>The same for one number.</summary>
    public static void Close(string kernel, string what, double actual, double expected, double scale = 0) =>
        Close(kernel, what, [(float)actual], [expected], scale);

    /// <summary>A kernel left the padding of a pitched result alone.</summary>
    public static void PadsUntouched(Rlhf.TestSupport.Pinned<float> result, float pad)
    {
        for (int row = 0; row < result.View.Rows; row++)
        {
            int begin = (int)(row * result.View.RowStride) + result.View.Cols, end = (int)Math.Min((row + 1) * result.View.RowStride, result.Span.Length);
            for (int i = begin; i < end; i++)
            {
                Assert.That(result.Span[i], Is.EqualTo(pad), $"padding of row {row}");
            }
        }
    }
}
