namespace Rlhf.Kernels.Reference.Sampling;

/// <summary>Actions of a Gaussian policy in double, from given random words: what <c>GaussianArgs</c> describes.</summary>
public static class Gaussian
{
    /// <summary>One row's action from as many words as it has columns, rounded up to an even number: radius and angle of each pair of columns.</summary>
    public static double[] Draw(ReadOnlySpan<double> means, ReadOnlySpan<double> logStds, ReadOnlySpan<uint> words)
    {
        double[] action = new double[means.Length];
        for (int col = 0; col < action.Length; col++)
        {
            int pair = col - (col % 2);
            action[col] = means[col] + (Math.Exp(logStds[col]) * Normal(words[pair], words[pair + 1], sine: col > pair));
        }

        return action;
    }

    /// <summary>A standard normal number (Box and Muller 1958) from the upper 24 bits of two words.</summary>
    public static double Normal(uint radius, uint angle, bool sine)
    {
        double u = ((radius >> 8) + 1) / (double)(1 << 24), turns = (angle >> 8) / (double)(1 << 24);
        return Math.Sqrt(-2 * Math.Log(u)) * (sine ? Math.Sin(2 * Math.PI * turns) : Math.Cos(2 * Math.PI * turns));
    }
}
