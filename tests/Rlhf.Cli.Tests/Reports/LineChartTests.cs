using System.Text;
using System.Xml.Linq;
using Rlhf.Cli.Reports;

namespace Rlhf.Cli.Tests.Reports;

public sealed class LineChartTests
{
    [Test]
    public void Append_DrawsEachCurveFromLeftToRight_WithinTheFrame()
    {
        XElement figure = Draw(new Curve("a < b", [new(0, 1), new(10, 3)]), new Curve("plan", [new(0, 2), new(10, 2)], Dashed: true));
        string[] lines = [.. figure.Descendants("polyline").Select(line => line.Attribute("points")!.Value)];
        Assert.Multiple(() =>
        {
            Assert.That(lines, Is.EqualTo(new[] { "48.0,194.0 410.0,12.0", "48.0,103.0 410.0,103.0" }));
            Assert.That(figure.Descendants("polyline").Last().Attribute("stroke-dasharray"), Is.Not.Null);
            Assert.That(figure.Descendants("text").Select(text => text.Value), Has.Member("a < b").And.Member("plan"));
        });
    }

    [Test]
    public void Append_LeavesOutWhatIsNotFinite()
    {
        XElement figure = Draw(new Curve("a", [new(0, 1), new(5, double.NaN), new(10, 3), new(11, double.PositiveInfinity)]));
        Assert.That(figure.Descendants("polyline").Single().Attribute("points")!.Value, Is.EqualTo("48.0,194.0 410.0,12.0"));
    }

    [Test]
    public void Append_DrawsABandThatFits()
    {
        XElement figure = Draw(new Curve("a", [new(0, 1), new(10, 3)]) { Band = [(0, 2), (2, 4)] });
        Assert.That(figure.Descendants("polygon").Single().Attribute("points")!.Value, Is.EqualTo("48.0,103.0 410.0,12.0 410.0,103.0 48.0,194.0"));
    }

    [Test]
    public void Append_WritesNothing_WithoutAPoint()
    {
        var page = new StringBuilder();
        LineChart.Append(page, "empty", [new Curve("a", [new(0, double.NaN)])]);
        Assert.That(page.Length, Is.Zero);
    }

    private static XElement Draw(params Curve[] curves)
    {
        var page = new StringBuilder();
        LineChart.Append(page, "title & more", curves);
        return XElement.Parse(page.ToString());
    }
}
