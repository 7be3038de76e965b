namespace Rlhf.Cli.Reports;

/// <summary>One line of a chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">In order of x.</param>
/// <param name="Dashed">Drawn dashed: a plan, a bound, a baseline.</param>
internal sealed record Curve(string Name, IReadOnlyList<CurvePoint> Points, bool Dashed = false)
{
    /// <summary>Lowest and highest y at each point, drawn as a band; empty: none.</summary>
    public IReadOnlyList<(double Low, double High)> Band { get; init; } = [];
}
