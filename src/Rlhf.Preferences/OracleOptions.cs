namespace Rlhf.Preferences;

/// <summary>How a synthetic oracle answers. The defaults are the paper's: always right, exact ties are ties (Christiano et al. 2017, §3.1).</summary>
public sealed record OracleOptions
{
    /// <summary>Name among the labelers. Default "oracle".</summary>
    public string Name { get; init; } = "oracle";

    /// <summary>Share of decided answers that are turned round, 0…1. Default 0.</summary>
    public double ErrorRate { get; init; }

    /// <summary>Share of "cannot tell", 0…1. Default 0.</summary>
    public double CannotTellRate { get; init; }

    /// <summary>Sums that differ by no more are a tie. Default 0.</summary>
    public double TieThreshold { get; init; }

    /// <summary>
    /// Boltzmann: the first is preferred with probability σ(difference / temperature). Default 0: the greater sum always is.
    /// </summary>
    public double Temperature { get; init; }

    /// <summary>Decides everything random, with the query's id: an answer does not depend on when or in what order it is asked. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>One line for a value that makes no sense.</summary>
    /// <exception cref="ArgumentException">A rate outside 0…1, or a negative threshold or temperature.</exception>
    public void Validate()
    {
        Require(ErrorRate is >= 0 and <= 1, "error rate", ErrorRate, "0 to 1");
        Require(CannotTellRate is >= 0 and <= 1, "rate of cannot tell", CannotTellRate, "0 to 1");
        Require(TieThreshold >= 0 && double.IsFinite(TieThreshold), "tie threshold", TieThreshold, "0 or more");
        Require(Temperature >= 0 && double.IsFinite(Temperature), "temperature", Temperature, "0 or more");
    }

    private static void Require(bool holds, string what, double value, string expected)
    {
        if (!holds)
            throw new ArgumentException($"oracle: {what} {value}, expected {expected}");
    }
}
