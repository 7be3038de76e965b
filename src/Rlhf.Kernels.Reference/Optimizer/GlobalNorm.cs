using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Reference.Optimizer;

/// <summary>The gradient norm in double: what <see cref="GlobalNormArgs"/> describes.</summary>
public static class GlobalNorm
{
    /// <summary>Norm and clip factor.</summary>
    public static (double Norm, double Scale) Compute(double[] gradients, double maxNorm)
    {
        double squares = 0;
        foreach (double gradient in gradients)
        {
            squares += gradient * gradient;
        }

        double norm = Math.Sqrt(squares);
        return (norm, double.IsPositiveInfinity(maxNorm) ? 1 : Math.Min(1, maxNorm / (norm + 1e-6)));
    }
}
