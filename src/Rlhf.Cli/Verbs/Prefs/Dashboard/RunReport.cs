using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Cli.Reports;
using Rlhf.Labeling;
using Rlhf.Training.Metrics;

namespace Rlhf.Cli.Verbs.Prefs.Dashboard;

/// <summary>
/// One run from preferences as a page: where it stands, what waits, its curves, and clips of its policy. The same text is the live dashboard
/// (its parts are fetched again every two seconds) and the report that a run leaves behind.
/// </summary>
internal static class RunReport
{
    private static readonly (string Title, (string Metric, string Name, bool Dashed)[] Curves)[] Charts =
    [
        ("True return an episode (the policy never sees it)", [(MetricNames.EpisodeReturn, "true", false)]),
        ("Correlation of predicted and true reward, steps of the newest batch", [(MetricNames.RewardCorrelation, string.Empty, false)]),
        ("Labels against plan", [(MetricNames.LabelCount, "labels", false), (MetricNames.LabelPlan, "plan", true)]),
        ("Queries that wait for an answer", [(MetricNames.OpenQueries, string.Empty, false)]),
        ("Loss of the reward model, nats a comparison", [(MetricNames.RewardLoss, "training", false), (MetricNames.RewardValidationLoss, "validation", false)]),
        ("Validation over training loss: L2 holds it between 1.1 and 1.5", [(MetricNames.RewardLossRatio, string.Empty, false)]),
        ("λ of L2", [(MetricNames.RewardL2, string.Empty, false)]),
        ("Comparisons predicted right", [(MetricNames.RewardAccuracy, "training", false), (MetricNames.RewardValidationAccuracy, "validation", false)]),
        ("Disagreement of the ensemble: variance of P(first is better) over its members, mean of the candidate pairs", [(MetricNames.RewardDisagreement, string.Empty, false)]),
        ("Standard deviation of the policy's actions", [(MetricNames.PolicyStd, string.Empty, false)]),
    ];

    /// <summary>The page that a run leaves behind.</summary>
    public static string Page(string directory)
    {
        JsonNode? films = Read(directory, "films.json");
        string body = $"{Body(directory)}<div class=films id=films></div>"
            + $"<script type=\"application/json\" id=reel>{films?.ToJsonString().Replace("<", "\\u003c", StringComparison.Ordinal) ?? "null"}</script>";
        return ReportPage.Wrap(Title(directory), body, $"{ClipScript.Text}\n{FilmScript}\nshow(JSON.parse(document.getElementById('reel').textContent));");
    }

    /// <summary>The page of a live dashboard: its contents come from <c>body</c> and <c>films</c> beside it.</summary>
    public static string LivePage(string directory) => ReportPage.Wrap(
        Title(directory), "<div id=live aria-live=off></div><div class=films id=films></div>", $"{ClipScript.Text}\n{FilmScript}\n{LiveScript}");

    /// <summary>Everything but the clips.</summary>
    public static string Body(string directory)
    {
        var page = new StringBuilder();
        page.Append($"<h1>{WebUtility.HtmlEncode(Title(directory))}</h1>");
        Standing(page, Read(directory, "status.json"));
        var metrics = RunMetrics.Read(directory);
        if (metrics.IsEmpty)
            page.Append("<p class=muted>The first update has not been logged yet: the run gathers its first labels.</p>");
        Tiles(page, metrics, Read(directory, "report.json"));
        page.Append("<h2>Over environment steps</h2><div class=charts>");
        foreach ((string title, (string Metric, string Name, bool Dashed)[] curves) in Charts)
            LineChart.Append(page, title, [.. curves.Select(curve => new Curve(curve.Name, metrics.Curve(curve.Metric, MetricNames.ControlTimesteps), curve.Dashed))]);
        page.Append("</div><h2>Clips of the policy as it acts now</h2><p class=muted>Below each: reward a step, true (thick) and predicted (thin), each on its own scale.</p>");
        return page.ToString();
    }

    private static string Title(string directory) =>
        $"{(string?)Read(directory, "training_args.json")?["env"] ?? Path.GetFileName(Path.GetFullPath(directory))}: learning from comparisons";

    private static void Standing(StringBuilder page, JsonNode? status)
    {
        if (status is null)
            return;
        string[] activities = [Activity("Policy", status["policy"], "acts"), Activity("Queries", status["queries"], "are asked"), Activity("Reward model", status["fitting"], "fits")];
        page.Append(CultureInfo.InvariantCulture, $"<p class={((bool?)status["finished"] == true ? "muted" : "waits")}>");
        page.Append((bool?)status["finished"] == true ? "Finished." : string.Join(" · ", activities));
        page.Append(CultureInfo.InvariantCulture, $" Step {(long?)status["steps"]:N0} of {(long?)status["total_steps"]:N0}; ");
        page.Append(CultureInfo.InvariantCulture, $"{(int?)status["labels"]:N0} of {(int?)status["total_labels"]:N0} labels ({(int?)status["planned_labels"]:N0} planned by now, {(int?)status["open_queries"]:N0} queries open); ");
        page.Append(CultureInfo.InvariantCulture, $"{(long?)status["fit_steps"]:N0} steps of the reward model.</p>");
    }

    private static string Activity(string name, JsonNode? waits, string works) => $"{name} {WebUtility.HtmlEncode((string?)waits ?? works)}";

    private static void Tiles(StringBuilder page, RunMetrics metrics, JsonNode? report)
    {
        (string Label, double? Value, string Format)[] tiles =
        [
            ("true return, last update", metrics.Last(MetricNames.EpisodeReturn), "G4"),
            ("true return without exploration", (double?)report?[MetricNames.EvalReturn], "G4"),
            ("correlation with the true reward", metrics.Last(MetricNames.RewardCorrelation), "F2"),
            ("held-out comparisons right", metrics.Last(MetricNames.RewardValidationAccuracy), "P0"),
            ("labels", metrics.Last(MetricNames.LabelCount), "N0"),
            ("reward models started over", metrics.Last(MetricNames.RewardCollapses), "N0"),
        ];
        page.Append("<div class=tiles>");
        foreach ((string label, double? value, string format) in tiles.Where(tile => tile.Value is not null))
            page.Append($"<div class=tile><b>{value!.Value.ToString(format, CultureInfo.InvariantCulture)}</b>{label}</div>");
        page.Append("</div>");
    }

    private static JsonNode? Read(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;
    }

    // Plays the clips with the labeling page's own player, and draws their rewards.
    private const string FilmScript =
        """
        let player = null, shown = "";
        function unpack(film, scene) {
          const bytes = Uint8Array.from(atob(film.data), (c) => c.charCodeAt(0));
          return scene
            ? { frames: film.frames, values: bytes.length / 4 / film.frames, poses: new Float32Array(bytes.buffer) }
            : { frames: film.frames, pixels: bytes };
        }
        function curve(values, width, height, thick) {
          const low = Math.min(...values), span = Math.max(...values) - low || 1;
          const points = values.map((v, i) => `${(i / Math.max(1, values.length - 1)) * width},${height - 2 - ((v - low) / span) * (height - 4)}`).join(" ");
          return `<polyline fill="none" stroke="var(--accent)" stroke-width="${thick ? 2.5 : 1}" points="${points}"/>`;
        }
        function show(reel) {
          const text = JSON.stringify(reel?.films?.map((film) => film.step));
          if (!reel || !reel.films.length || text === shown) return;
          shown = text;
          player?.close();
          const films = reel.films.length > 1 ? reel.films : [reel.films[0], reel.films[0]];
          document.getElementById("films").innerHTML = films.slice(0, reel.films.length).map((film) =>
            `<figure><canvas role="img" aria-label="clip of ${film.frames} steps"></canvas><svg viewBox="0 0 320 40" aria-hidden="true">${curve(film.true, 320, 40, true)}${curve(film.predicted, 320, 40, false)}</svg>
            <figcaption>step ${film.step.toLocaleString("en")}</figcaption></figure>`).join("");
          const canvases = [...document.querySelectorAll("#films canvas")];
          if (canvases.length === 1) canvases.push(document.createElement("canvas"));
          const [left, right] = films.map((film) => unpack(film, reel.scene));
          player = new Player({ left, right, scene: reel.scene, framesPerSecond: reel.framesPerSecond }, canvases);
        }
        """;

    private const string LiveScript =
        """
        async function refresh() {
          try {
            const [body, reel] = await Promise.all([fetch("body").then((r) => r.ok ? r.text() : Promise.reject()), fetch("films").then((r) => r.ok ? r.json() : null)]);
            document.getElementById("live").innerHTML = body;
            show(reel);
            document.title = document.title.replace(/^⚠ /, "");
          } catch {
            if (!document.title.startsWith("⚠")) document.title = "⚠ " + document.title;
          }
          setTimeout(refresh, 2000);
        }
        refresh();
        """;
}
