using System.Net;

namespace Rlhf.Cli.Reports;

/// <summary>What the reports share around their contents.</summary>
internal static class ReportPage
{
    /// <summary>Colours, type and tables, light and dark.</summary>
    public const string Style =
        """
        :root { color-scheme: light dark; --text: #1f2937; --muted: #4b5563; --line: #e5e7eb; --panel: #f9fafb; --page: #fff; --accent: #2563eb; --warn: #b45309;
          --scene-sky: #eef4fb; --scene-earth: #d9d3c7; --scene-tile: #c9c1b1; --scene-line: #8d8470; --scene-grid: #cfd8e3; --scene-edge: #ffffffb0 }
        @media (prefers-color-scheme: dark) { :root { --text: #e5e7eb; --muted: #9ca3af; --line: #374151; --panel: #1f2937; --page: #111827; --accent: #60a5fa; --warn: #fbbf24;
          --scene-sky: #1b2533; --scene-earth: #3a372f; --scene-tile: #454137; --scene-line: #77705f; --scene-grid: #33404f; --scene-edge: #000000a0 } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 1080px; margin: 2rem auto; padding: 0 1rem }
        h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } .muted { color: var(--muted) }
        table { border-collapse: collapse; width: 100%; margin: .6rem 0 } th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } .scroll { overflow-x: auto }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .8rem; margin: 1rem 0 }
        .tile { background: var(--panel); border-radius: 8px; padding: .6rem .9rem } .tile b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums }
        .waits { border-left: 3px solid var(--warn); padding-left: .8rem } .films { display: flex; gap: 1rem; flex-wrap: wrap } .films figure { width: 320px; max-width: 100% } .films canvas { width: 100%; height: 240px; border-radius: 8px }
        """;

    /// <summary>A whole page, complete in itself: no address outside it.</summary>
    public static string Wrap(string title, string body, string script = "") =>
        $$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{WebUtility.HtmlEncode(title)}}</title>
        <style>
        {{Style}}
        {{LineChart.Style}}
        </style></head><body>
        {{body}}
        {{(script.Length > 0 ? $"<script type=\"module\">\n{script}\n</script>" : string.Empty)}}
        </body></html>

        """;
}
