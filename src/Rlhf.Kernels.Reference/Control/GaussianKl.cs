namespace Rlhf.Kernels.Reference.Control;

/// <summary>
/// KL divergence between Gaussian policies in double: what <c>GaussianKlArgs</c> describes. Log standard deviations are [A] for all rows,
/// or [N, A].
/// </summary>
public static class GaussianKl
{
    /// <summary>KL(old‖new) of each row.</summary>
    public static double[] Divergence(double[] means, double[] logStds, double[] oldMeans, double[] oldLogStds, int rows)
    {
        double[] kl = new double[rows];
        int cols = rows == 0 ? 1 : means.Length / rows;
        for (int i = 0; i < means.Length; i++)
        {
            double logStd = logStds[i % logStds.Length], oldLogStd = oldLogStds[i % oldLogStds.Length];
            double d = oldMeans[i] - means[i], variance = Math.Exp(2 * logStd);

            // log σ − log σ' + σ'² / 2 σ² − ½ = ½ (e^x − 1 − x) with x = 2 (log σ' − log σ).
            kl[i / cols] += (ExpMinusOneMinus(2 * (oldLogStd - logStd)) / 2) + (d * d / (2 * variance));
        }

        return kl;
    }

    /// <summary>Gradients of Σ_n g_n kl_n to the new policy, the second in the shape of its log standard deviations.</summary>
    public static (double[] GradMeans, double[] GradLogStds) Gradient(
        double[] means, double[] logStds, double[] oldMeans, double[] oldLogStds, double[] gradKl)
    {
        double[] gradMeans = new double[means.Length], gradLogStds = new double[logStds.Length];
        int cols = gradKl.Length == 0 ? 1 : means.Length / gradKl.Length;
        for (int i = 0; i < means.Length; i++)
        {
            double g = gradKl[i / cols], d = oldMeans[i] - means[i];
            double logStd = logStds[i % logStds.Length], variance = Math.Exp(2 * logStd);
            if (g != 0)
            {
                double x = 2 * (oldLogStds[i % oldLogStds.Length] - logStd);
                gradMeans[i] = -g * d / variance;
                gradLogStds[i % logStds.Length] -= g * (ExpMinusOneMinus(x) + x + (d * d / variance));
            }
        }

        return (gradMeans, gradLogStds);
    }

    // Doubles lose 2·1e-16 / x² of the difference, so below 0.01 the series is the exact one.
    private static double ExpMinusOneMinus(double x) => Math.Abs(x) > 0.01
        ? Math.Exp(x) - 1 - x
        : x * x * (0.5 + (x * ((1.0 / 6) + (x * ((1.0 / 24) + (x * ((1.0 / 120) + (x * ((1.0 / 720) + (x / 5040))))))))));
}
