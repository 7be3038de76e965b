namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// r̂: each member brought to mean 0 and deviation 1 by itself, then averaged (Christiano et al. 2017, §2.2.3), and the average brought to mean
/// 0 and a constant deviation (§2.2.1): 1 for robots, 0.05 for pixels. A preference says nothing of a reward's scale or origin.
/// </summary>
/// <param name="Shifts">[M] mean of each member.</param>
/// <param name="Gains">[M] 1 / deviation of each member; 0 for one that says nothing.</param>
/// <param name="Shift">Mean of the average.</param>
/// <param name="Gain">Deviation wanted / deviation of the average.</param>
public sealed record RewardScale(IReadOnlyList<double> Shifts, IReadOnlyList<double> Gains, double Shift, double Gain)
{
    // Below this a member is constant, and dividing by its deviation would make noise of rounding.
    private const double Flat = 1e-6;

    /// <summary>The scale that normalises these predictions.</summary>
    /// <param name="predictions">[M, N] of each member.</param>
    /// <param name="members">M.</param>
    /// <param name="deviation">Deviation wanted.</param>
    public static RewardScale Of(ReadOnlySpan<float> predictions, int members, double deviation)
    {
        int count = predictions.Length / members;
        double[] shifts = new double[members], gains = new double[members];
        for (int m = 0; m < members; m++)
        {
            (double mean, double std) = Moments(predictions.Slice(m * count, count));
            shifts[m] = mean;
            gains[m] = std > Flat ? 1 / std : 0;
        }

        var scale = new RewardScale(shifts, gains, 0, 1);
        float[] average = new float[count];
        scale.Apply(predictions, average);
        (double shift, double spread) = Moments(average);
        return scale with { Shift = shift, Gain = spread > Flat ? deviation / spread : 0 };
    }

    /// <summary>Rewards of predictions.</summary>
    /// <param name="predictions">[M, N].</param>
    /// <param name="rewards">[N] result.</param>
    public void Apply(ReadOnlySpan<float> predictions, Span<float> rewards)
    {
        int count = rewards.Length;
        for (int i = 0; i < count; i++)
        {
            double sum = 0;
            for (int m = 0; m < Gains.Count; m++)
                sum += Gains[m] * (predictions[(m * count) + i] - Shifts[m]);
            rewards[i] = (float)(Gain * ((sum / Gains.Count) - Shift));
        }
    }

    private static (double Mean, double Deviation) Moments(ReadOnlySpan<float> values)
    {
        double mean = 0, squares = 0;
        foreach (float value in values)
            mean += value;
        mean /= values.Length;
        foreach (float value in values)
            squares += (value - mean) * (value - mean);
        return (mean, Math.Sqrt(squares / values.Length));
    }
}
