using Rlhf.Kernels.Optimizer;

namespace Rlhf.Kernels.Reference.Optimizer;

/// <summary>One AdamW step in double: what <see cref="AdamWArgs"/> describes.</summary>
public static class AdamW
{
    /// <summary>Updates parameters, moments and (unless null) the average in place.</summary>
    public static void Update(
        double[] parameters,
        double[] gradients,
        double[] moment1,
        double[] moment2,
        double[]? ema,
        double gradScale,
        int step,
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        AdamEpsilonForm form,
        double weightDecay,
        double emaDecay)
    {
        double correction1 = 1 - Math.Pow(beta1, step), correction2 = 1 - Math.Pow(beta2, step);
        for (int i = 0; i < parameters.Length; i++)
        {
            double gradient = gradients[i] * gradScale;
            moment1[i] = (beta1 * moment1[i]) + ((1 - beta1) * gradient);
            moment2[i] = (beta2 * moment2[i]) + ((1 - beta2) * gradient * gradient);
            double update = form == AdamEpsilonForm.Paper
                ? moment1[i] / correction1 / (Math.Sqrt(moment2[i] / correction2) + epsilon)
                : Math.Sqrt(correction2) / correction1 * moment1[i] / (Math.Sqrt(moment2[i]) + epsilon);
            parameters[i] = parameters[i] - (learningRate * weightDecay * parameters[i]) - (learningRate * update);
            if (ema is not null)
            {
                ema[i] = (emaDecay * ema[i]) + ((1 - emaDecay) * parameters[i]);
            }
        }
    }
}
