using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sequence;

/// <summary>Masked moments in double: what <see cref="MaskedMeanArgs"/> describes.</summary>
public static class MaskedMean
{
    /// <summary>Count, mean and variance of the counted values.</summary>
    public static (double Count, double Mean, double Variance) Compute(double[] values, bool[]? mask, bool unbiased)
    {
        double count = 0, sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (mask is null || mask[i])
            {
                count++;
                sum += values[i];
            }
        }

        if (count == 0)
        {
            return (0, 0, 0);
        }

        double mean = sum / count, squares = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (mask is null || mask[i])
            {
                squares += (values[i] - mean) * (values[i] - mean);
            }
        }

        double divisor = unbiased ? count - 1 : count;
        return (count, mean, divisor > 0 ? squares / divisor : 0);
    }
}
