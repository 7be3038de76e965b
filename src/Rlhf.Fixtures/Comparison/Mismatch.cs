namespace Rlhf.Fixtures.Comparison;

/// <summary>The element of a comparison that is farthest from what is allowed.</summary>
/// <param name="Name">Tensor or path of the scalar.</param>
/// <param name="Index">Index within the tensor as text; empty for a scalar.</param>
/// <param name="Got">What was computed.</param>
/// <param name="Expected">What the reference computed.</param>
/// <param name="Error">|got − expected|; infinite where one is not finite and they differ.</param>
/// <param name="Allowed">Largest allowed error at this element.</param>
/// <param name="Failed">Elements of the tensor beyond their tolerance.</param>
/// <param name="Compared">Elements compared.</param>
public sealed record Mismatch(string Name, string Index, double Got, double Expected, double Error, double Allowed, int Failed, int Compared)
{
    /// <summary>Error over tolerance: at most 1 where the element passes.</summary>
    public double Severity => Error == 0 ? 0 : Allowed == 0 ? double.PositiveInfinity : Error / Allowed;

    /// <summary>One line for people.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Name}{Index}: got {Got:G9}, expected {Expected:G9}, error {Error:G3}, tolerance {Allowed:G3}{(Failed > 1 ? $" ({Failed} of {Compared} elements)" : string.Empty)}");
}
