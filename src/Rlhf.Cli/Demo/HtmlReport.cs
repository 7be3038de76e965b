using System.Net;
using System.Text;
using Rlhf.Cli.Reports;

namespace Rlhf.Cli.Demo;

/// <summary>The report as one self-contained page: no script, no address outside itself.</summary>
internal static class HtmlReport
{
    public static string Render(DemoReport report)
    {
        var page = new StringBuilder();
        page.Append($$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Rlhf.Native demo report</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; color: #1f2937; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
            h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
            table { border-collapse: collapse; width: 100%; margin: .6rem 0 } th, td { padding: .35rem .6rem; border-bottom: 1px solid #e5e7eb; text-align: left; vertical-align: top }
            td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
            {{LineChart.Style}}
            .note { background: #fffbeb; border-left: 4px solid #d97706; padding: .6rem 1rem } .muted { color: #6b7280 } .prompt { color: #6b7280 }
            </style></head><body>
            <h1>Rlhf.Native demo</h1>
            <p class="muted">State of the Union addresses: a small GPT is trained on the text, a reward model on rankings of its continuations {{Labeler(report.Settings)}},
            and the policy is improved by PPO. Judged by the true lexicon on openings from held-out addresses.</p>
            """);
        Results(page, report);
        Honesty(page, report);
        Curves(page, report);
        foreach (SeedReport seed in report.Seeds.Take(1))
        {
            Samples(page, seed);
        }

        Settings(page, report);
        page.Append("</body></html>\n");
        return page.ToString();
    }

    private static string Labeler(DemoSettings settings) => settings.HumanRankings > 0
        ? $"by a person ({settings.HumanRankings} rankings)"
        : "by valence (one ranking in ten is random)";

    private static void Results(StringBuilder page, DemoReport report)
    {
        page.Append("<h2>Results</h2><table><tr><th>Seed</th><th class=n>Unigram loss</th><th class=n>SFT loss</th><th class=n>Reward accuracy</th><th class=n>PPO beats SFT</th>"
            + "<th class=n>Valence SFT → PPO</th><th class=n>KL a response</th><th class=n>Perplexity ratio</th><th class=n>Distinct tokens ratio</th><th class=n>Seconds</th></tr>");
        foreach (SeedReport seed in report.Seeds)
        {
            PolicyEvaluation e = seed.Evaluation;
            page.Append($"<tr><td>{seed.Seed}</td><td class=n>{seed.UnigramLoss:F3}</td><td class=n>{seed.SftLoss:F3}</td><td class=n>{seed.RewardAccuracy:P1}</td>"
                + $"<td class=n>{e.WinRate:P1}</td><td class=n>{e.MeanValenceSft:F3} → {e.MeanValencePpo:F3}</td><td class=n>{e.MeanKl:F2} nats</td>"
                + $"<td class=n>{e.PerplexityRatio:F3}</td><td class=n>{e.DistinctPpo / e.DistinctSft:F3}</td><td class=n>{seed.Seconds.Values.Sum():F0}</td></tr>");
        }

        page.Append($"</table><p class=muted>Losses in nats a token on held-out addresses; accuracy over {report.Seeds[0].RewardComparisons} clean held-out comparisons; "
            + $"wins over {report.Seeds[0].Evaluation.Prompts} held-out openings, ties half. {WebUtility.HtmlEncode(report.Machine)}, {report.Threads} threads, "
            + $"{report.Seconds:F0} s and {report.PeakMemoryMiB:F0} MiB at the peak for everything.</p>");
    }

    private static void Honesty(StringBuilder page, DemoReport report)
    {
        SeedReport worst = report.Seeds.MaxBy(seed => seed.SftLoss)!;
        page.Append($"<p class=note>The text is poor, before and after: a model of {worst.Parameters / 1e6:F1} M parameters that saw "
            + $"{report.Settings.SftTokens / 1e6:F1} M tokens (held-out perplexity {Math.Exp(worst.SftLoss):F0}) writes fragments, not speeches. What improves is the "
            + (report.Settings.HumanRankings > 0
                ? "score of a reward model that learned from a person's few rankings; the valence of words below is a lexicon's measure, which nobody was asked for."
                : "valence of its words, which is all that the labeler looked at; nothing here says that the text became better in any other way."));
        foreach (SeedReport seed in report.Seeds)
        {
            PolicyEvaluation e = seed.Evaluation;
            if (e.DistinctPpo < 0.8 * e.DistinctSft)
            {
                page.Append($" Seed {seed.Seed}: PPO repeats itself ({e.DistinctPpo:F2} distinct tokens a token, {e.DistinctSft:F2} before).");
            }

            if (e.VocabularyPpo < 0.8 * e.VocabularySft)
            {
                page.Append($" Seed {seed.Seed}: over all responses PPO uses {e.VocabularyPpo} different tokens, SFT {e.VocabularySft}.");
            }
        }

        page.Append("</p>");
    }

    private static void Curves(StringBuilder page, DemoReport report)
    {
        page.Append("<h2>Curves</h2><div class=charts>");
        Chart(page, report, "Training loss, nats a token, over tokens seen", seed => seed.SftCurve);
        Chart(page, report, "Reward model: accuracy on training rankings (random ones included), over prompts", seed => seed.RewardCurve);
        Chart(page, report, "PPO: reward-model score over updates", seed => seed.ScoreCurve);
        Chart(page, report, "PPO: KL to the SFT model, nats a response, over updates", seed => seed.KlCurve);
        page.Append("</div>");
    }

    private static void Chart(StringBuilder page, DemoReport report, string title, Func<SeedReport, IReadOnlyList<CurvePoint>> curve) =>
        LineChart.Append(page, title, [.. report.Seeds.Select(seed => new Curve($"seed {seed.Seed}", curve(seed)))]);

    private static void Samples(StringBuilder page, SeedReport seed)
    {
        page.Append($"<h2>The same openings, before and after (seed {seed.Seed}; the first {seed.Samples.Count} held-out openings, not chosen)</h2>"
            + "<table><tr><th>SFT</th><th class=n>valence</th><th>PPO</th><th class=n>valence</th></tr>");
        foreach (SamplePair pair in seed.Samples)
        {
            page.Append($"<tr><td><span class=prompt>{WebUtility.HtmlEncode(pair.Prompt)}</span>{WebUtility.HtmlEncode(pair.Sft)}</td><td class=n>{pair.ValenceSft:F2}</td>"
                + $"<td><span class=prompt>{WebUtility.HtmlEncode(pair.Prompt)}</span>{WebUtility.HtmlEncode(pair.Ppo)}</td><td class=n>{pair.ValencePpo:F2}</td></tr>");
        }

        page.Append("</table>");
    }

    private static void Settings(StringBuilder page, DemoReport report)
    {
        page.Append("<h2>Time by stage, seconds</h2><table><tr><th>Seed</th>");
        page.AppendJoin(string.Empty, report.Seeds[0].Seconds.Keys.Select(stage => $"<th class=n>{WebUtility.HtmlEncode(stage)}</th>"));
        page.Append("</tr>");
        foreach (SeedReport seed in report.Seeds)
        {
            page.Append($"<tr><td>{seed.Seed}</td>");
            page.AppendJoin(string.Empty, seed.Seconds.Values.Select(seconds => $"<td class=n>{seconds:F1}</td>"));
            page.Append("</tr>");
        }

        page.Append("</table><h2>Settings, fixed before these seeds were run</h2><table>");
        foreach (var property in typeof(DemoSettings).GetProperties().Where(property => property.CanWrite))
        {
            page.Append($"<tr><td>{property.Name}</td><td class=n>{property.GetValue(report.Settings)}</td></tr>");
        }

        page.Append("</table>");
    }
}
