namespace Rlhf.Cli.Reports;

/// <summary>One point of a curve.</summary>
internal sealed record CurvePoint(double X, double Y);
