namespace Rlhf.Training.Metrics;

/// <summary>Whether a metric should rise.</summary>
public enum MetricSign
{
    /// <summary>Neither: a number to watch.</summary>
    Watch,

    /// <summary>More is better.</summary>
    Higher,

    /// <summary>Less is better.</summary>
    Lower,
}
