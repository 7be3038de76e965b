using Rlhf.Fixtures.Comparison;

namespace Rlhf.Fixtures.Families;

/// <summary>Family kernels: log-prob and entropy with gradients, from logits or from hidden states through the fused head.</summary>
internal static class KernelsFamily
{
    public static void Run(CaseContext context)
    {
        if (context.Tensors.HasInput("hidden"))
            FusedHeadCase.Run(context);
        else if (context.Tensors.HasInput("logits"))
            TokenLogprobsCase.Run(context);
        else
            throw new FixtureException("expected an input tensor 'logits' or 'hidden'");
    }

    /// <summary>
    /// Σ weight · value and the mean over a mask. The error allowed for a sum is the sum of what its terms are allowed: the
    /// case's tolerances are for single tokens. A term with weight 0 does not count, be it infinite.
    /// </summary>
    public static void CheckSums(
        CaseContext context, string kind, ReadOnlySpan<float> values, Tolerance tolerance, NoteFacts facts, string? sum, float[]? weights, byte[]? mask)
    {
        double[] wide = [.. values.ToArray().Select(value => (double)value)];
        var note = new ToleranceNote(tolerance, wide, facts);
        if (sum is not null && weights is not null)
        {
            (double total, double allowed) = Sum(i => weights[i]);
            context.CheckScalar(sum, total, allowed);
        }

        if (mask is not null)
        {
            double count = Math.Max(1, mask.Sum(counted => counted));
            (double total, double allowed) = Sum(i => mask[i] / count);
            context.CheckScalar($"masked_mean_{kind}", total, allowed);
        }

        (double Total, double Allowed) Sum(Func<int, double> weight)
        {
            double total = 0, allowed = 0;
            for (int i = 0; i < wide.Length; i++)
            {
                double w = weight(i);
                total += w == 0 ? 0 : w * wide[i];
                allowed += w == 0 ? 0 : Math.Abs(w) * note.At(i, wide[i]);
            }

            return (total, allowed);
        }
    }
}
