namespace Rlhf.Kernels.Reference.Preference;

/// <summary>The cross-entropy of one comparison in double, shared by the preference losses.</summary>
public static class Comparison
{
    /// <summary>−label · log p − (1 − label) · log(1 − p) with p = noise/2 + (1 − noise) σ(d), its derivative by d, and p.</summary>
    public static (double Loss, double Grad, double Probability) Compute(double d, double label, double noise)
    {
        double sigmoid = Sigmoid(d), other = Sigmoid(-d);
        double p = (noise / 2) + ((1 - noise) * sigmoid), q = (noise / 2) + ((1 - noise) * other);
        if (noise == 0)
        {
            return ((label * Softplus(-d)) + ((1 - label) * Softplus(d)), ((1 - label) * sigmoid) - (label * other), p);
        }

        double bell = (1 - noise) * sigmoid * other;
        return (-(label * Math.Log(p)) - ((1 - label) * Math.Log(q)), ((1 - label) * bell / q) - (label * bell / p), p);
    }

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    // log(1 + e^x); log1p(u) is u for a u that 1 + u would lose.
    private static double Softplus(double x)
    {
        double u = Math.Exp(-Math.Abs(x));
        return Math.Max(x, 0) + (u < 1e-9 ? u : Math.Log(1 + u));
    }
}
