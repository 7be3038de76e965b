using System.Runtime.CompilerServices;

namespace Rlhf.Training.Ppo;

/// <summary>The ranges of <see cref="PpoConfig"/>; each message says the setting, its value and what was expected.</summary>
internal static class PpoConfigRules
{
    public static void Check(PpoConfig c)
    {
        Positive(c.PerDeviceTrainBatchSize);
        Positive(c.GradientAccumulationSteps);
        Positive(c.NumMiniBatches);
        Positive(c.NumPpoEpochs);
        Positive(c.ResponseLength);
        Positive(c.LocalRolloutForwardBatchSize);
        Positive(c.Temperature);
        Positive(c.LearningRate);
        Positive(c.TotalEpisodes ?? 1);
        Positive(c.NumTrainEpochs);
        Positive(c.AdaptiveKlTarget ?? 1);
        Positive(c.AdaptiveKlHorizon);
        Positive(c.TargetKl ?? 1);
        Positive(c.PtxBatchSize ?? 1);
        Positive(c.MaxGradNorm ?? 1);
        Positive(c.RewardClip ?? 1);
        Range(c.Gamma, 0, 1);
        Range(c.Lam, 0, 1);
        Range(c.Cliprange, 0, 1);
        Range(c.TopP, float.Epsilon, 1);
        Range(c.EmaDecay ?? 0, 0, 1);
        NotNegative(c.KlCoef);
        NotNegative(c.VfCoef);
        NotNegative(c.CliprangeValue);
        NotNegative(c.EntropyCoef);
        NotNegative(c.PtxCoef);
        NotNegative(c.MissingEosPenalty ?? 0);
        NotNegative(c.TopK);
        NotNegative(c.SaveSteps);
        NotNegative(c.NumSampleGenerations);
        NotNegative(c.LoggedCompletions);
        NotNegative(c.WarmupSteps);
        Expect(c.BatchSize % c.NumMiniBatches == 0, $"NumMiniBatches is {c.NumMiniBatches}, expected a divisor of the batch of {c.BatchSize}");
        Expect(
            !c.WhitenRewards || c.MiniBatchSize >= 8,
            $"the mini-batch has {c.MiniBatchSize} episodes, expected at least 8 with WhitenRewards");
        Expect(c.TruncateAfter >= 0 && c.TruncateAfter < c.ResponseLength, $"TruncateAfter is {c.TruncateAfter}, expected 0 to {c.ResponseLength - 1}");
    }

    private static void Positive(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Expect(value > 0 && double.IsFinite(value), $"{Name(name)} is {value}, expected a finite number above 0");

    private static void NotNegative(double value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Expect(value >= 0 && !double.IsNaN(value), $"{Name(name)} is {value}, expected at least 0");

    private static void Range(double value, double low, double high, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Expect(value >= low && value <= high, $"{Name(name)} is {value}, expected {(low > 0 ? "above 0" : low)} to {high}");

    private static string Name(string expression) => expression.Split(' ')[0]["c.".Length..];

    private static void Expect(bool condition, string message)
    {
        if (!condition)
            throw new ArgumentException(message);
    }
}
