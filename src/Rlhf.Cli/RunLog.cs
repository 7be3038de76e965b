using System.Globalization;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli;

/// <summary>Writes each reported step to the run's metrics.jsonl, and as one line for the reader.</summary>
internal sealed class RunLog(string metricsPath, TextWriter output, bool append) : ITrainingObserver, IDisposable
{
    private readonly JsonLinesSink _sink = new(metricsPath, append);
    private int _totalSteps;

    public void Started(string algorithm, int totalSteps, int firstStep)
    {
        _totalSteps = totalSteps;
        output.WriteLine(firstStep > 0 ? $"{algorithm}: steps {firstStep + 1} to {totalSteps}" : $"{algorithm}: {totalSteps} steps");
    }

    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        Dictionary<string, double> line = new() { [MetricNames.Step] = step };
        foreach ((string name, double value) in metrics)
            line[name] = value;
        _sink.Write(line);
        IEnumerable<string> numbers = metrics.Select(metric => $"{metric.Key} {metric.Value.ToString("g5", CultureInfo.InvariantCulture)}");
        output.WriteLine($"{step}/{_totalSteps}  {string.Join("  ", numbers)}");
    }

    public void Dispose() => _sink.Dispose();
}
