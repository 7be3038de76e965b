namespace Rlhf.Fixtures.Comparison;

/// <summary>One entry of a case's tolerances: <c>|x − e| ≤ Absolute + Relative · |e|</c>, and a note that may change it.</summary>
/// <param name="Relative">rtol.</param>
/// <param name="Absolute">atol.</param>
/// <param name="Note">Free text with rules in it, see <see cref="ToleranceNote"/>.</param>
public sealed record Tolerance(double Relative, double Absolute, string? Note = null)
{
    /// <summary>No difference allowed.</summary>
    public static Tolerance Exact { get; } = new(0, 0);
}
