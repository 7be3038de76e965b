using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sequence;

/// <summary>Log-prob and entropy of one row in double: what <see cref="TokenLogprobsForwardArgs{T}"/> describes, as the equations read.</summary>
public static class TokenLogprobs
{
    /// <summary>The transformed row: scale, cap, temperature, in this order; −∞ stays −∞.</summary>
    public static double[] Transform(ReadOnlySpan<double> logits, LogitTransform transform)
    {
        double[] z = new double[logits.Length];
        for (int j = 0; j < z.Length; j++)
        {
            double x = logits[j] * transform.LogitScale;
            if (transform.SoftCap != 0 && !double.IsNegativeInfinity(x))
            {
                x = transform.SoftCap * Math.Tanh(x / transform.SoftCap);
            }

            z[j] = x / transform.Temperature;
        }

        return z;
    }

    /// <summary>log softmax of a transformed row; NaN throughout where the maximum is not finite.</summary>
    public static double[] LogSoftmax(ReadOnlySpan<double> z)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (double value in z)
        {
            max = Math.Max(max, value);
        }

        foreach (double value in z)
        {
            sum += Math.Exp(value - max);
        }

        double[] result = new double[z.Length];
        for (int j = 0; j < z.Length; j++)
        {
            result[j] = z[j] - max - Math.Log(sum);
        }

        return result;
    }

    /// <summary>Log-prob of the target, and entropy.</summary>
    public static (double Logprob, double Entropy) Forward(ReadOnlySpan<double> logits, int target, LogitTransform transform)
    {
        double[] logp = LogSoftmax(Transform(logits, transform));
        return (logp[target], Entropy(logp));
    }

    /// <summary>Gradient of <c>gradLogprob · logprob + gradEntropy · entropy</c> with respect to the raw logits.</summary>
    public static double[] Backward(
        ReadOnlySpan<double> logits, int target, LogitTransform transform, double gradLogprob, double gradEntropy)
    {
        double[] logp = LogSoftmax(Transform(logits, transform)), grad = new double[logits.Length];
        double entropy = Entropy(logp);
        for (int j = 0; j < grad.Length; j++)
        {
            double p = Math.Exp(logp[j]);
            double dz = gradLogprob * ((j == target ? OneMinusProbability(logp, j) : -p));
            dz -= p == 0 ? 0 : gradEntropy * p * (logp[j] + entropy);
            double dx = transform.LogitScale / (double)transform.Temperature;
            if (transform.SoftCap != 0)
            {
                dx *= 1 - Math.Pow(Math.Tanh(logits[j] * transform.LogitScale / transform.SoftCap), 2);
            }

            grad[j] = dz * dx;
        }

        return grad;
    }

    private static double Entropy(ReadOnlySpan<double> logp)
    {
        double entropy = 0;
        foreach (double value in logp)
        {
            // A masked token has p = 0 and log p = −∞: it adds nothing.
            entropy -= double.IsNegativeInfinity(value) ? 0 : Math.Exp(value) * value;
        }

        return entropy;
    }

    // The sum of the others: 1 − p has no digits left where p is near 1.
    private static double OneMinusProbability(ReadOnlySpan<double> logp, int target)
    {
        double others = 0;
        for (int j = 0; j < logp.Length; j++)
        {
            others += j == target ? 0 : Math.Exp(logp[j]);
        }

        return others;
    }
}
