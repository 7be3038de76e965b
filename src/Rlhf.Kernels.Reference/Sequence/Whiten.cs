using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sequence;

/// <summary>Masked whitening in double: what <see cref="WhitenArgs"/> describes.</summary>
public static class Whiten
{
    /// <summary>The whitened values; 0 where the mask is not set. <paramref name="given"/> replaces the statistics of these values.</summary>
    public static double[] Compute(
        double[] values, bool[]? mask, bool unbiased, bool shiftMean, (double Count, double Mean, double Variance)? given = null)
    {
        (double count, double mean, double variance) = given ?? MaskedMean.Compute(values, mask, unbiased);
        double scale = count < 2 ? 1 : 1 / Math.Sqrt(variance + 1e-8);
        double[] whitened = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (mask is null || mask[i])
            {
                whitened[i] = ((values[i] - mean) * scale) + (shiftMean ? 0 : mean);
            }
        }

        return whitened;
    }
}
