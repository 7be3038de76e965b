using Rlhf.Cli.Reports;

namespace Rlhf.Cli.Tests.Reports;

public sealed class SeedCurvesTests
{
    [Test]
    public void Merge_IsTheMeanOfTheSeeds_WithABandFromLowestToHighest()
    {
        Curve curve = SeedCurves.Merge("a", [[new(0, 1), new(60, 3)], [new(0, 3), new(60, 7)]]);
        Assert.Multiple(() =>
        {
            Assert.That(curve.Points, Is.EqualTo(new[] { new CurvePoint(0, 2), new CurvePoint(60, 5) }));
            Assert.That(curve.Band, Is.EqualTo(new[] { (1.0, 3.0), (3.0, 7.0) }));
        });
    }

    [Test]
    public void Merge_WeighsSeedsAlike_HoweverManyPointsTheyHaveInABin()
    {
        Curve curve = SeedCurves.Merge("a", [[new(100, 0), new(100, 0), new(100, 0)], [new(100, 1)]]);
        Assert.That(curve.Points.Single().Y, Is.EqualTo(0.5));
    }

    [Test]
    public void Merge_OfOneSeedHasNoBand() => Assert.That(SeedCurves.Merge("a", [[new(1, 1)]]).Band, Is.Empty);

    [Test]
    public void Final_IsTheMeanOfTheLastTenth() =>
        Assert.That(SeedCurves.Final([new(0, -5), new(89, 100), new(90, 1), new(95, double.NaN), new(100, 3)]), Is.EqualTo(2));
}
