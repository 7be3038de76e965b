using System.Globalization;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli;

/// <summary>Each reported step as one line for the reader.</summary>
internal sealed class StepLines(TextWriter output) : ITrainingObserver
{
    private int _totalSteps;

    public void Started(string algorithm, int totalSteps, int firstStep)
    {
        _totalSteps = totalSteps;
        output.WriteLine(firstStep > 0 ? $"{algorithm}: steps {firstStep + 1} to {totalSteps}" : $"{algorithm}: {totalSteps} steps");
    }

    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        IEnumerable<string> numbers = metrics.Select(metric => $"{metric.Key} {metric.Value.ToString("g5", CultureInfo.InvariantCulture)}");
        output.WriteLine($"{step}/{_totalSteps}  {string.Join("  ", numbers)}");
    }
}
