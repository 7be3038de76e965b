using Rlhf.Cli.Reports;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli.Demo;

/// <summary>Keeps the metrics of a run's stages for the report and passes everything on.</summary>
internal sealed class CurveRecorder(ITrainingObserver next) : ITrainingObserver
{
    private readonly List<(string Stage, int Step, IReadOnlyDictionary<string, double> Metrics)> _lines = [];
    private string _stage = string.Empty;

    public void Started(string algorithm, int totalSteps, int firstStep)
    {
        _stage = algorithm;
        next.Started(algorithm, totalSteps, firstStep);
    }

    public void Progressed(string phase, int done, int parts) => next.Progressed(phase, done, parts);

    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        _lines.Add((_stage, step, metrics));
        next.Stepped(step, metrics);
    }

    public void Sampled(int step, IReadOnlyList<CompletionSample> samples) => next.Sampled(step, samples);

    /// <summary>One metric of one stage, over steps or over another metric.</summary>
    public IReadOnlyList<CurvePoint> Of(string stage, string metric, string? over = null) =>
    [
        .. _lines.Where(line => line.Stage == stage && line.Metrics.ContainsKey(metric))
            .Select(line => new CurvePoint(over is null ? line.Step : line.Metrics[over], line.Metrics[metric])),
    ];
}
