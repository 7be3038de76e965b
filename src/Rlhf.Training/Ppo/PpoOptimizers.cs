using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>Optimizer settings that follow from a <see cref="PpoConfig"/>.</summary>
internal static class PpoOptimizers
{
    public static AdamWOptions Options(PpoConfig config, float? emaDecay) => new()
    {
        Beta1 = config.AdamBeta1,
        Beta2 = config.AdamBeta2,
        Epsilon = config.Conventions.AdamEpsilon,
        EpsilonForm = config.Conventions.AdamEpsilonForm,
        WeightDecay = config.WeightDecay,
        MaxGradNorm = config.MaxGradNorm,
        EmaDecay = emaDecay,
    };

    public static LearningRateSchedule Schedule(PpoConfig config, double peak, int updates) => new()
    {
        Peak = peak,
        TotalSteps = updates,
        Kind = config.Schedule,
        WarmupSteps = config.WarmupSteps,
        WarmupFrom = config.WarmupFrom,
    };
}
