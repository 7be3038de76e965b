using Rlhf.Models;

namespace Rlhf.Training.Reward;

/// <summary>Sets a reward model's gain and bias from its scores on given samples.</summary>
/// <param name="samples">Prompt and response as tokens; lm-human-preferences takes <see cref="DefaultSamples"/>.</param>
/// <param name="kind">What the scores are brought to.</param>
public sealed class RewardNormalizer(IReadOnlyList<ReadOnlyMemory<int>> samples, RewardNormalization kind)
{
    /// <summary>Samples that lm-human-preferences normalises over.</summary>
    public const int DefaultSamples = 256;

    /// <summary>Resets gain and bias to 1 and 0, measures, and sets gain = 1 / std (or leaves it 1) and bias = −gain · mean.</summary>
    /// <exception cref="DataFormatException">The scores do not differ, so no gain gives them a deviation of 1.</exception>
    public void Apply(RewardScorer scorer)
    {
        ScalarModel model = scorer.Model;
        (float gain, float bias) = (model.Gain, model.Bias);
        (model.Gain, model.Bias) = (1, 0);
        (double mean, double deviation) = Moments(scorer.Score(samples));
        if (kind == RewardNormalization.Standardize && !(deviation > 1e-12))
        {
            (model.Gain, model.Bias) = (gain, bias);
            throw new DataFormatException($"reward model: scores of {samples.Count} samples have deviation {deviation}, expected different scores to normalise");
        }

        double newGain = kind == RewardNormalization.Standardize ? 1 / deviation : 1;
        (model.Gain, model.Bias) = ((float)newGain, (float)(-newGain * mean));
    }

    /// <summary>Mean and population standard deviation.</summary>
    internal static (double Mean, double Deviation) Moments(ReadOnlySpan<float> scores)
    {
        double mean = 0, square = 0;
        foreach (float score in scores)
            mean += (double)score / scores.Length;
        foreach (float score in scores)
            square += (score - mean) * (score - mean) / scores.Length;
        return (mean, Math.Sqrt(square));
    }
}
