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
            Assert.That(figure.Descendants("span").Select(key => key.Value), Has.Member("a < b").And.Member("plan"));
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

    [TestCase(5.03, 7.66, "5,6,7,8")]
    [TestCase(1.7e-8, 9.42, "0,2,4,6,8,10")]
    [TestCase(-0.04, 0.06, "-0.04,-0.02,0,0.02,0.04,0.06")]
    [TestCase(3, 3, "2.4,2.6,2.8,3,3.2,3.4,3.6")]
    public void Append_PutsTicksAtRoundNumbers_AroundTheValues(double low, double high, string ticks)
    {
        XElement figure = Draw(new Curve(string.Empty, [new(0, low), new(1, high)]));
        Assert.That(string.Join(',', figure.Descendants("text").Where(text => text.Attribute("x")!.Value == "43").Select(text => text.Value)), Is.EqualTo(ticks));
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
