using Rlhf.Fixtures.Comparison;

namespace Rlhf.Fixtures;

/// <summary>The outcome of one case.</summary>
/// <param name="Family">Family.</param>
/// <param name="Case">Name of the case.</param>
/// <param name="Status">Outcome.</param>
/// <param name="Worst">The element closest to (or farthest beyond) its tolerance; null when nothing was compared.</param>
/// <param name="Message">Why it failed or was skipped, one line; empty when it passed.</param>
public sealed record CaseResult(string Family, string Case, CaseStatus Status, Mismatch? Worst, string Message)
{
    /// <summary>One line for people.</summary>
    public override string ToString() =>
        $"{Status.ToString().ToUpperInvariant()} {Family}/{Case}{(Message.Length > 0 ? ": " : string.Empty)}{Message}";
}
