namespace Rlhf.Training.PreferenceLearning;

/// <summary>What some optimizer steps of a <see cref="RewardFitter"/> were like; means over members and steps.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="TrainLoss">Mean loss of pairs in their members' bags, each as often as it is in there.</param>
/// <param name="ValidationLoss">Mean loss of pairs out of their members' bags, at the same weights; NaN without one.</param>
/// <param name="TrainAccuracy">In the bags.</param>
/// <param name="ValidationAccuracy">Out of the bags.</param>
/// <param name="GradNorm">Norm of a member's gradient.</param>
public sealed record FitReport(
    int Steps, double TrainLoss, double ValidationLoss, PairAccuracy TrainAccuracy, PairAccuracy ValidationAccuracy, double GradNorm)
{
    /// <summary>Validation over training loss.</summary>
    public double Ratio => ValidationLoss / TrainLoss;
}
