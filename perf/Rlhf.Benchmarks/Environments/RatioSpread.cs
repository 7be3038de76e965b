namespace Rlhf.Benchmarks.Environments;

/// <summary>A ratio over the rounds.</summary>
internal sealed record RatioSpread(double Lowest, double Median, double Highest)
{
    /// <summary>The spread of some ratios, at least one.</summary>
    public static RatioSpread Of(IEnumerable<double> ratios)
    {
        double[] sorted = [.. ratios.Order()];
        return new RatioSpread(sorted[0], sorted[sorted.Length / 2], sorted[^1]);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Lowest:F3} {Median:F3} {Highest:F3}";
}
