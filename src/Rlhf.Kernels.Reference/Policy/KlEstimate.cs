using Rlhf.Kernels.Policy;

namespace Rlhf.Kernels.Reference.Policy;

/// <summary>KL estimates in double: what <see cref="KlEstimateArgs"/> describes.</summary>
public static class KlEstimate
{
    /// <summary>The estimate and its derivative by the log-prob, each [rows · cols]; 0 where the mask is not set.</summary>
    public static (double[] Kl, double[] GradLogprobs) Compute(
        double[] logprobs, double[] refLogprobs, bool[]? mask, KlEstimator estimator, double clamp)
    {
        double[] kl = new double[logprobs.Length], grad = new double[logprobs.Length];
        for (int i = 0; i < logprobs.Length; i++)
        {
            if (mask is not null && !mask[i])
            {
                continue;
            }

            (double value, double slope) = Token(logprobs[i] - refLogprobs[i], estimator);
            kl[i] = Math.Clamp(value, -clamp, clamp);
            grad[i] = Math.Abs(value) > clamp ? 0 : slope;
        }

        return (kl, grad);
    }

    /// <summary>One token from d = logprob − refLogprob.</summary>
    public static (double Kl, double Grad) Token(double d, KlEstimator estimator) => estimator switch
    {
        KlEstimator.K1 => (d, 1),
        KlEstimator.K2 => (0.5 * d * d, d),
        KlEstimator.Abs => (Math.Abs(d), Math.Sign(d)),
        _ => (ExpMinusOneMinus(-d), -(ExpMinusOneMinus(-d) - d)),
    };

    // e^x − 1 − x. Doubles lose 2·1e-16 / x² of it, so below 0.01 the series is the exact one (the next term is under 1e-18 of it).
    private static double ExpMinusOneMinus(double x) => Math.Abs(x) > 0.01
        ? Math.Exp(x) - 1 - x
        : x * x * (0.5 + (x * ((1.0 / 6) + (x * ((1.0 / 24) + (x * ((1.0 / 120) + (x * ((1.0 / 720) + (x / 5040))))))))));
}
