using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Reference.Optimizer;

/// <summary>One RMSProp step in double: what <see cref="RmsPropArgs"/> describes.</summary>
public static class RmsProp
{
    /// <summary>Updates parameters and mean squares in place.</summary>
    public static void Update(
        double[] parameters,
        double[] gradients,
        double[] meanSquares,
        double gradScale,
        double learningRate,
        double decay,
        double epsilon,
        RmsPropEpsilonForm form)
    {
        for (int i = 0; i < parameters.Length; i++)
        {
            double gradient = gradients[i] * gradScale;
            meanSquares[i] = (decay * meanSquares[i]) + ((1 - decay) * gradient * gradient);
            double root = form == RmsPropEpsilonForm.InsideRoot ? Math.Sqrt(meanSquares[i] + epsilon) : Math.Sqrt(meanSquares[i]) + epsilon;
            parameters[i] -= gradient == 0 ? 0 : learningRate * gradient / root;
        }
    }
}
