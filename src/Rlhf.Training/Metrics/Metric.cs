namespace Rlhf.Training.Metrics;

/// <summary>What stands behind a name in the log.</summary>
/// <param name="Name">The name, TRL's where TRL has one.</param>
/// <param name="Unit">Unit; empty for a plain number.</param>
/// <param name="Sign">Whether it should rise.</param>
/// <param name="Meaning">One line.</param>
public sealed record Metric(string Name, string Unit, MetricSign Sign, string Meaning);
