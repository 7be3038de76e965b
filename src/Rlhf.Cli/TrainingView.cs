using System.Globalization;
using Rlhf.Training.Metrics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rlhf.Cli;

/// <summary>A PPO run on the screen: progress of run and phase, the lines of score, KL and losses; plain lines where it is no terminal.</summary>
internal sealed class TrainingView : ITrainingObserver
{
    private const int BarWidth = 30, HistoryLength = 40;
    private static readonly string[] Curves =
    [
        MetricNames.Scores, MetricNames.Kl, MetricNames.RlhfReward, MetricNames.PolicyLoss, MetricNames.ValueLoss, MetricNames.PolicyEntropy,
    ];

    private readonly LiveDisplayContext _display;
    private readonly Dictionary<string, List<double>> _history = [];
    private IReadOnlyDictionary<string, double> _metrics = new Dictionary<string, double>();
    private IReadOnlyList<CompletionSample> _samples = [];
    private int _step, _steps, _done, _parts;
    private string _algorithm = string.Empty, _phase = string.Empty;

    private TrainingView(LiveDisplayContext display) => _display = display;

    /// <summary>Runs work under a view that goes with it.</summary>
    public static void Show(TextWriter output, Action<ITrainingObserver> work)
    {
        if (!ReferenceEquals(output, Console.Out) || Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
        {
            work(new PlainLines(output));
            return;
        }

        AnsiConsole.Live(new Markup(string.Empty)).Start(display => work(new TrainingView(display)));
    }

    public void Started(string algorithm, int totalSteps, int firstStep)
    {
        (_algorithm, _steps, _step) = (algorithm, totalSteps, firstStep);
        Draw();
    }

    public void Progressed(string phase, int done, int parts)
    {
        (_phase, _done, _parts) = (phase, done, parts);
        Draw();
    }

    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        (_step, _metrics) = (step, metrics);
        foreach (string name in Curves)
        {
            if (!_history.TryGetValue(name, out List<double>? history))
                _history[name] = history = [];
            history.Add(metrics.GetValueOrDefault(name));
            if (history.Count > HistoryLength)
                history.RemoveAt(0);
        }

        Draw();
    }

    public void Sampled(int step, IReadOnlyList<CompletionSample> samples)
    {
        _samples = [.. samples.Take(5)];
        Draw();
    }

    /// <summary>A curve in eight heights, from its own smallest value to its largest.</summary>
    internal static string Curve(IReadOnlyList<double> values)
    {
        double low = values.Min(), range = values.Max() - low;
        return string.Concat(values.Select(value => "▁▂▃▄▅▆▇█"[range > 0 && double.IsFinite(range) ? (int)Math.Min(7, (value - low) / range * 8) : 0]));
    }

    private static string Bar(double share)
    {
        int filled = (int)Math.Round(Math.Clamp(share, 0, 1) * BarWidth);
        return $"[green]{new string('━', filled)}[/][grey]{new string('━', BarWidth - filled)}[/]";
    }

    private static string Number(double value) => value.ToString("g4", CultureInfo.InvariantCulture);

    private void Draw()
    {
        List<IRenderable> parts =
        [
            new Markup($"{_algorithm} {Bar(_step / (double)Math.Max(1, _steps))} {_step}/{_steps} updates"),
            new Markup($"    {Bar(_done / (double)Math.Max(1, _parts))} {_phase}"),
        ];
        if (_history.Count > 0)
        {
            Grid grid = new Grid().AddColumns(3);
            foreach (string name in Curves)
                grid.AddRow(new Text(name), new Text(Number(_history[name][^1])), new Text(Curve(_history[name])));
            parts.Add(grid);
            parts.Add(new Text($"{Number(_metrics.GetValueOrDefault(MetricNames.TokensPerSecond))} tokens/s, "
                + $"{Number(_metrics.GetValueOrDefault(MetricNames.TimeUpdate))} s an update"));
        }

        if (_samples.Count > 0)
        {
            Table table = new Table().AddColumns("query", "model response", "score");
            foreach (CompletionSample sample in _samples)
                table.AddRow(new Text(sample.Query), new Text(sample.Response), new Text(Number(sample.Score)));
            parts.Add(table);
        }

        _display.UpdateTarget(new Rows(parts));
    }

    /// <summary>What a log file can hold.</summary>
    private sealed class PlainLines(TextWriter output) : ITrainingObserver
    {
        private int _steps;

        public void Started(string algorithm, int totalSteps, int firstStep)
        {
            _steps = totalSteps;
            output.WriteLine(firstStep > 0 ? $"{algorithm}: updates {firstStep + 1} to {totalSteps}" : $"{algorithm}: {totalSteps} updates");
        }

        public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
        {
            IEnumerable<string> names = [.. Curves, MetricNames.ResponseLength, MetricNames.TokensPerSecond, MetricNames.TimeUpdate];
            output.WriteLine($"{step}/{_steps}  {string.Join("  ", names.Where(metrics.ContainsKey).Select(name => $"{name} {Number(metrics[name])}"))}");
        }

        public void Sampled(int step, IReadOnlyList<CompletionSample> samples)
        {
            foreach (CompletionSample sample in samples.Take(5))
                output.WriteLine($"  {Number(sample.Score)}  {Line(sample.Query)} → {Line(sample.Response)}");
        }

        private static string Line(string text) => text.ReplaceLineEndings(" ");
    }
}
