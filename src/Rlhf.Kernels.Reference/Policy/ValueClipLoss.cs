using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Reference.Policy;

/// <summary>The clipped value loss in double: what <see cref="ValueClipLossArgs"/> describes, as the equation reads.</summary>
public static class ValueClipLoss
{
    /// <summary>Loss, gradient and statistics. Arrays are [rows · cols], row major; <paramref name="mask"/> and <paramref name="rowWeights"/> may be null.</summary>
    public static (ValueClipStats Stats, double[] GradValues) Compute(
        double[] values,
        double[] oldValues,
        double[] returns,
        bool[]? mask,
        double[]? rowWeights,
        int rows,
        double clipRange,
        double normalizer)
    {
        double[] grad = new double[values.Length];
        double loss = 0, count = 0, clippedCount = 0, valueSum = 0, squaredError = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (mask is not null && !mask[i])
            {
                continue;
            }

            double weight = (rowWeights is null ? 1 : rowWeights[i / (values.Length / rows)]) / normalizer;
            double change = values[i] - oldValues[i];
            bool inside = Math.Abs(change) <= clipRange;
            double clipped = inside ? values[i] : oldValues[i] + (Math.Sign(change) * clipRange);
            double error = values[i] - returns[i], clippedError = clipped - returns[i];
            bool clippedWins = clippedError * clippedError > error * error;

            loss += 0.5 * weight * Math.Max(error * error, clippedError * clippedError);
            grad[i] = clippedWins ? 0 : error * weight;
            count++;
            clippedCount += clippedWins ? 1 : 0;
            valueSum += values[i];
            squaredError += error * error;
        }

        return (new ValueClipStats(loss, count, clippedCount, valueSum, squaredError), grad);
    }
}
