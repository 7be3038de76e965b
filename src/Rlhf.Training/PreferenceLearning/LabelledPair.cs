namespace Rlhf.Training.PreferenceLearning;

/// <summary>A triple (σ¹, σ², μ) of the data set D (Christiano et al. 2017, §2.2.2).</summary>
/// <param name="Id">The label's id; later ones have greater ids.</param>
/// <param name="First">σ¹.</param>
/// <param name="Second">σ².</param>
/// <param name="FirstWeight">μ(1): 1, 0, or ½ for a tie.</param>
/// <param name="FirstReturn">True reward summed over σ¹, for the ablation that regresses it; NaN where nobody knows it.</param>
/// <param name="SecondReturn">The same of σ².</param>
public sealed record LabelledPair(
    long Id, RewardClip First, RewardClip Second, float FirstWeight, float FirstReturn = float.NaN, float SecondReturn = float.NaN)
{
    /// <summary>Whether one side is better.</summary>
    public bool IsDecisive => FirstWeight != 0.5f;
}
