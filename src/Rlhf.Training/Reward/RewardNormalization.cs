namespace Rlhf.Training.Reward;

/// <summary>What a reward model's scores are brought to on a set of samples.</summary>
public enum RewardNormalization
{
    /// <summary>Mean 0 and standard deviation 1, by gain and bias (lm-human-preferences, over 256 samples of the reference policy).</summary>
    Standardize,

    /// <summary>Mean 0, by the bias alone (InstructGPT over demonstrations, N+ over reference responses).</summary>
    Center,
}
