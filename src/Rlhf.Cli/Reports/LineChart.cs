using System.Net;
using System.Text;

namespace Rlhf.Cli.Reports;

/// <summary>Curves as one SVG figure: no script, so that a report is one file and a live page is the same text.</summary>
internal static class LineChart
{
    private const int Width = 420, Height = 220, Left = 48, Right = 10, Top = 12, Bottom = 26;
    private static readonly string[] Colors = ["#2563eb", "#d97706", "#059669", "#7c3aed", "#db2777", "#0891b2", "#65a30d", "#6b7280"];

    /// <summary>The styles that the figure expects of its page.</summary>
    public const string Style =
        ".charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 1rem } figure { margin: 0 }\n"
        + "figcaption { font-size: .85rem; color: var(--muted, #4b5563) } svg { width: 100%; height: auto; background: var(--panel, #f9fafb); border-radius: 6px }\n"
        + ".key { white-space: nowrap } .key::before { content: \"\"; display: inline-block; width: .9em; height: .2em; margin: 0 .3em .25em .4em; background: var(--key) }\n"
        + "svg text { fill: var(--muted, #4b5563) } svg .grid { stroke: var(--line, #e5e7eb) }";

    /// <summary>Appends a figure; nothing where no curve has a finite point.</summary>
    public static void Append(StringBuilder page, string title, IReadOnlyList<Curve> curves)
    {
        List<CurvePoint> all = [.. curves.SelectMany(Drawn)];
        if (all.Count == 0)
            return;

        IEnumerable<double> bands = curves.SelectMany(curve => curve.Band).SelectMany(band => new[] { band.Low, band.High }).Where(double.IsFinite);
        var across = Axis.Over(all.Select(p => p.X), round: false);
        var up = Axis.Over(all.Select(p => p.Y).Concat(bands), round: true);
        double X(double x) => Left + (across.Share(x) * (Width - Left - Right));
        double Y(double y) => Height - Bottom - (up.Share(y) * (Height - Top - Bottom));
        page.Append($"<figure><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\" font-size=\"11\">");
        foreach (double tick in up.Ticks())
        {
            page.Append($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):F1}\" y2=\"{Y(tick):F1}\"/>");
            page.Append($"<text x=\"{Left - 5}\" y=\"{Y(tick) + 4:F1}\" text-anchor=\"end\">{Short(tick)}</text>");
        }

        foreach (double tick in across.Ticks())
            page.Append($"<text x=\"{X(tick):F1}\" y=\"{Height - 8}\" text-anchor=\"{(X(tick) > Width - 24 ? "end" : "middle")}\">{Short(tick)}</text>");

        for (int i = 0; i < curves.Count; i++)
        {
            Curve curve = curves[i];
            AppendBand(page, curve, Color(i), X, Y);
            string points = string.Join(' ', Drawn(curve).Select(p => $"{X(p.X):F1},{Y(p.Y):F1}"));
            page.Append($"<polyline fill=\"none\" stroke=\"{Color(i)}\" stroke-width=\"1.6\"{(curve.Dashed ? " stroke-dasharray=\"5 4\"" : string.Empty)} points=\"{points}\"/>");
        }

        page.Append($"</svg><figcaption>{WebUtility.HtmlEncode(title)}");
        for (int i = 0; i < curves.Count; i++)
        {
            if (curves[i].Name.Length > 0)
                page.Append($" <span class=\"key\" style=\"--key:{Color(i)}\">{WebUtility.HtmlEncode(curves[i].Name)}</span>");
        }

        page.Append("</figcaption></figure>");
    }

    /// <summary>A number with its unit of thousands, three digits.</summary>
    public static string Short(double value) => Math.Abs(value) switch
    {
        >= 1e6 => $"{value / 1e6:G3}M",
        >= 1e3 => $"{value / 1e3:G3}k",
        _ => $"{value:G3}",
    };

    private static string Color(int curve) => Colors[curve % Colors.Length];

    private static IEnumerable<CurvePoint> Drawn(Curve curve) => curve.Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y));

    private static void AppendBand(StringBuilder page, Curve curve, string color, Func<double, double> x, Func<double, double> y)
    {
        if (curve.Band.Count != curve.Points.Count || curve.Band.Count == 0)
            return;
        IEnumerable<(double X, double Low, double High)> band = curve.Points.Zip(curve.Band, (point, range) => (point.X, range.Low, range.High))
            .Where(edge => double.IsFinite(edge.X) && double.IsFinite(edge.Low) && double.IsFinite(edge.High));
        string outline = string.Join(' ', band.Select(edge => $"{x(edge.X):F1},{y(edge.High):F1}").Concat(band.Reverse().Select(edge => $"{x(edge.X):F1},{y(edge.Low):F1}")));
        page.Append($"<polygon fill=\"{color}\" fill-opacity=\"0.15\" points=\"{outline}\"/>");
    }
}
