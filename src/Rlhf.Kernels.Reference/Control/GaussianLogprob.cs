namespace Rlhf.Kernels.Reference.Control;

/// <summary>
/// A Gaussian policy with a diagonal covariance in double: what <c>GaussianLogprobForwardArgs</c> and <c>GaussianLogprobBackwardArgs</c>
/// describe. Log standard deviations are [A] for all rows, or [N, A].
/// </summary>
public static class GaussianLogprob
{
    /// <summary>Log-prob and entropy of each of <paramref name="rows"/> rows.</summary>
    public static (double[] Logprobs, double[] Entropy) Forward(double[] means, double[] logStds, double[] actions, int rows)
    {
        double[] logprobs = new double[rows], entropy = new double[rows];
        int cols = rows == 0 ? 0 : means.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            for (int col = 0; col < cols; col++)
            {
                int i = (row * cols) + col;
                double logStd = logStds[i % logStds.Length], z = (actions[i] - means[i]) / Math.Exp(logStd);
                logprobs[row] += (-z * z / 2) - logStd - (Math.Log(2 * Math.PI) / 2);
                entropy[row] += logStd + ((1 + Math.Log(2 * Math.PI)) / 2);
            }
        }

        return (logprobs, entropy);
    }

    /// <summary>Gradients of Σ_n g_n logprob_n + h_n entropy_n, the second in the shape of the log standard deviations.</summary>
    public static (double[] GradMeans, double[] GradLogStds) Backward(
        double[] means, double[] logStds, double[] actions, double[] gradLogprobs, double[] gradEntropy)
    {
        double[] gradMeans = new double[means.Length], gradLogStds = new double[logStds.Length];
        int cols = gradLogprobs.Length == 0 ? 1 : means.Length / gradLogprobs.Length;
        for (int i = 0; i < means.Length; i++)
        {
            double std = Math.Exp(logStds[i % logStds.Length]), z = (actions[i] - means[i]) / std;
            double g = gradLogprobs[i / cols], h = gradEntropy[i / cols];
            gradMeans[i] = g == 0 ? 0 : g * z / std;
            gradLogStds[i % logStds.Length] += (g == 0 ? 0 : g * ((z * z) - 1)) + h;
        }

        return (gradMeans, gradLogStds);
    }
}
