using Rlhf.Kernels.Optimizer;

namespace Rlhf.Training.Control;

/// <summary>The optimizers' settings that the algorithms' settings come to.</summary>
internal static class ControlOptimizers
{
    public static JointOptimizerOptions RmsProp(A2cConfig config) => new()
    {
        Kind = JointOptimizerKind.RmsProp,
        Epsilon = (float)config.RmsPropEpsilon,
        MaxGradNorm = (float)config.MaxGradNorm,
        RmsPropDecay = (float)config.RmsPropDecay,
        RmsPropStart = (float)config.RmsPropStart,
        RmsPropEpsilon = config.RmsPropInsideRoot ? RmsPropEpsilonForm.InsideRoot : RmsPropEpsilonForm.OutsideRoot,
    };

    public static JointOptimizerOptions Adam(ControlPpoConfig config) => new()
    {
        Epsilon = (float)config.AdamEpsilon,
        MaxGradNorm = (float)config.MaxGradNorm,
    };
}
