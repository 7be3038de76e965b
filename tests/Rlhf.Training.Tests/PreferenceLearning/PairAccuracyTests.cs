using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class PairAccuracyTests
{
    [Test]
    public void Ties_StandApart()
    {
        // imitation counts a tie of labels as "second": (d > 0, ½) would be wrong and (d < 0, ½) right.
        PairAccuracy accuracy = default(PairAccuracy).With(1, 0.5f).With(-1, 0.5f).With(1, 1f);
        Assert.That(accuracy, Is.EqualTo(new PairAccuracy(1, 1, 2)));
    }

    [Test]
    public void UndecidedPrediction_IsHalfRight_OnEitherSide()
    {
        Assert.That(default(PairAccuracy).With(0, 1f).Share, Is.EqualTo(0.5));
        Assert.That(default(PairAccuracy).With(0, 0f).Share, Is.EqualTo(0.5));
    }

    [TestCase(2, 1f, 1)]
    [TestCase(-2, 1f, 0)]
    [TestCase(-2, 0f, 1)]
    public void Decisive_AgreesOrNot(double difference, float label, double share) =>
        Assert.That(default(PairAccuracy).With(difference, label, weight: 3).Share, Is.EqualTo(share));

    [Test]
    public void Share_IsUnknown_WithoutADecisivePair() => Assert.That(default(PairAccuracy).With(1, 0.5f).Share, Is.NaN);
}
