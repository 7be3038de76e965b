using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Cli.Reports;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>A grid's figures and table, drawn from whatever of it has run: <c>report.html</c> and <c>report.json</c>.</summary>
internal static class BenchReport
{
    /// <summary>Writes both files anew.</summary>
    public static void Write(string directory, BenchSuite suite, IReadOnlyList<BenchCell> cells)
    {
        List<BenchResult> results = [.. cells.Select(cell => BenchResult.Read(directory, cell)).OfType<BenchResult>()];
        OutputFile.WriteLines(Path.Combine(directory, "report.json"), [Json(suite, results).ToJsonString()]);
        OutputFile.WriteLines(Path.Combine(directory, "report.html"), [Html(suite, cells.Count, results)]);
    }

    /// <summary>
    /// What a way recovers of the way from untrained to true-reward return: (final − start) ÷ (final of the true reward − start), means of the
    /// seeds that both have. NaN where one is missing, and where the true reward itself got no further than its runs scatter: a share of nothing
    /// would read as success or failure.
    /// </summary>
    internal static double Recovered(IReadOnlyList<BenchResult> way, IReadOnlyList<BenchResult> truth)
    {
        var pairs = way.Join(truth, one => one.Cell.Seed, other => other.Cell.Seed, (one, other) => (one, other)).ToList();
        if (pairs.Count == 0)
            return double.NaN;
        double start = pairs.Average(pair => pair.other.Start), gain = pairs.Average(pair => pair.other.Final) - start;
        return gain > Scatter([.. pairs.Select(pair => pair.other)]) ? (pairs.Average(pair => pair.one.Final) - start) / gain : double.NaN;
    }

    // The largest of three deviations: of the first returns over seeds, of the final ones, and within a run's last tenth, which is all that one seed has.
    private static double Scatter(IReadOnlyList<BenchResult> runs) => new[]
    {
        Deviation([.. runs.Select(run => run.Start)]),
        Deviation([.. runs.Select(run => run.Final)]),
        runs.Average(run => Deviation([.. SeedCurves.LastTenth(run.Curve)])),
    }.Max();

    private static double Deviation(double[] values)
    {
        if (values.Length < 2)
            return 0;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    private static JsonObject Json(BenchSuite suite, List<BenchResult> results) => new()
    {
        ["suite"] = suite.Name,
        ["runs"] = new JsonArray([.. results.Select(result => (JsonNode)new JsonObject
        {
            ["task"] = result.Cell.Task.Id,
            ["way"] = result.Cell.Way,
            ["labels"] = result.Cell.Labels,
            ["seed"] = result.Cell.Seed,
            ["steps"] = result.Cell.Task.Steps,
            ["start_return"] = JsonLinesSink.Number(result.Start),
            ["final_return"] = JsonLinesSink.Number(result.Final),
            ["eval_return"] = result.Evaluated is { } evaluated ? JsonLinesSink.Number(evaluated) : null,
            ["steps_seen"] = result.Curve.Count > 0 ? result.Curve[^1].X : 0,
            ["seconds"] = result.Seconds,
        })]),
    };

    private static string Html(BenchSuite suite, int cells, List<BenchResult> results)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"<h1>{WebUtility.HtmlEncode(suite.Title)}</h1><p class=muted>{results.Count(result => result.Seconds is not null)} of {cells} runs finished. ");
        body.Append("Curves: true return of the acting policy (never seen by policies that learn from labels) over environment steps, ");
        body.Append("mean of the seeds, band from lowest to highest. Dashed: the true reward.</p><div class=charts>");
        List<IGrouping<BenchTask, BenchResult>> tasks = [.. results.GroupBy(result => result.Cell.Task)];
        foreach (IGrouping<BenchTask, BenchResult> task in tasks)
        {
            LineChart.Append(body, string.Create(CultureInfo.InvariantCulture, $"{task.Key.Id}, {task.Key.Steps:N0} steps"), [.. task.GroupBy(result => result.Cell.Way)
                .Select(way => SeedCurves.Merge(way.Key, [.. way.Select(result => result.Curve)], way.Key == BenchCell.TrueReward))]);
        }

        body.Append("</div><h2>Final returns</h2><p class=muted>Return: mean over the last tenth of the steps; without exploration: 20 episodes of the finished policy's mean action. ");
        body.Append("Recovered: share of the way from the untrained policy to the one that learned from the true reward in as many steps.</p>");
        body.Append("<div class=scroll><table><tr><th>Task</th><th>Way</th><th class=n>Seeds</th><th class=n>Return</th><th class=n>Without exploration</th><th class=n>Recovered</th><th class=n>Seconds a run</th></tr>");
        bool isShareMissing = false;
        foreach (IGrouping<BenchTask, BenchResult> task in tasks)
        {
            List<BenchResult> truth = [.. task.Where(result => result.Cell.Way == BenchCell.TrueReward)];
            foreach (IGrouping<string, BenchResult> way in task.GroupBy(result => result.Cell.Way))
                isShareMissing |= Row(body, [.. way], truth);
        }

        body.Append("</table></div>");
        if (isShareMissing)
        {
            body.Append("<p class=muted>* –: the true reward has no run of these seeds yet, or its runs end no further above the untrained policy than they scatter ");
            body.Append("(the largest standard deviation of first returns over seeds, of final returns over seeds, and within a run's last tenth). A share of that would mean nothing.</p>");
        }

        body.Append("<h2>Every run</h2><p class=muted>Each is a command of its own and can be run alone.</p><div class=scroll><table><tr><th>Command</th><th class=n>Final return</th></tr>");
        foreach (BenchResult result in results)
            body.Append($"<tr><td><code>{WebUtility.HtmlEncode(result.Command ?? "running: " + result.Cell.Folder)}</code></td><td class=n>{Number(result.Final)}</td></tr>");
        body.Append("</table></div>");
        return ReportPage.Wrap(suite.Title, body.ToString());
    }

    // Whether there is a share to give and it cannot be given.
    private static bool Row(StringBuilder body, List<BenchResult> way, List<BenchResult> truth)
    {
        double[] evaluated = [.. way.Select(result => result.Evaluated).OfType<double>()], seconds = [.. way.Select(result => result.Seconds).OfType<double>()];
        bool isTruth = way[0].Cell.Way == BenchCell.TrueReward;
        double recovered = isTruth ? double.NaN : Recovered(way, truth);
        bool isMissing = !isTruth && double.IsNaN(recovered);
        body.Append($"<tr><td>{WebUtility.HtmlEncode(way[0].Cell.Task.Id)}</td><td>{WebUtility.HtmlEncode(way[0].Cell.Way)}</td><td class=n>{way.Count}</td>")
            .Append($"<td class=n>{Spread([.. way.Select(result => result.Final)])}</td><td class=n>{Spread(evaluated)}</td>")
            .Append($"<td class=n>{(isTruth ? "–" : isMissing ? "–*" : recovered.ToString("P0", CultureInfo.InvariantCulture))}</td>")
            .Append($"<td class=n>{(seconds.Length > 0 ? Number(seconds.Average()) : "–")}</td></tr>");
        return isMissing;
    }

    private static string Spread(double[] values) => values.Length switch
    {
        0 => "–",
        1 => Number(values[0]),
        _ => $"{Number(values.Average())} ({Number(values.Min())} … {Number(values.Max())})",
    };

    private static string Number(double value) => double.IsNaN(value) ? "–" : value.ToString("G4", CultureInfo.InvariantCulture);
}
