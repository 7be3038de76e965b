using System.Globalization;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli.Demo;

/// <summary>One short line every few steps of a stage: the loss, and what the stage is judged by.</summary>
internal sealed class StageLog(TextWriter output) : ITrainingObserver
{
    private const int LinesPerStage = 8;
    private static readonly (string Metric, string Label)[] Shown =
    [
        (MetricNames.Loss, "loss"),
        (MetricNames.Accuracy, "accuracy"),
        (MetricNames.Scores, "score"),
        (MetricNames.Kl, "KL"),
        (MetricNames.PolicyLoss, "policy loss"),
        (MetricNames.ValueLoss, "value loss"),
        (MetricNames.PretrainingLoss, "ptx loss"),
        (MetricNames.TokensPerSecond, "tokens/s"),
    ];

    private string _stage = string.Empty;
    private int _total, _next;

    public void Started(string algorithm, int totalSteps, int firstStep) => (_stage, _total, _next) = (algorithm, totalSteps, 1);

    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        if (step < _next && step < _total)
            return;
        _next = step + Math.Max(1, _total / LinesPerStage);
        IEnumerable<string> values = Shown.Where(shown => metrics.ContainsKey(shown.Metric))
            .Select(shown => $"{shown.Label} {metrics[shown.Metric].ToString("G4", CultureInfo.InvariantCulture)}");
        output.WriteLine($"  {_stage} {step}/{_total}  {string.Join("  ", values)}");
    }
}
