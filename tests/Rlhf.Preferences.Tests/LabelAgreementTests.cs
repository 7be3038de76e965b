namespace Rlhf.Preferences.Tests;

public sealed class LabelAgreementTests
{
    [Test]
    public void Kappa_IsCohensByHand()
    {
        // 20 both first, 5 first/second, 10 second/first, 15 both second: pₒ = 0.7, pₑ = 0.5·0.6 + 0.5·0.4 = 0.5, κ = 0.4.
        LabelAgreement agreement = new();
        agreement.Add(1, 1, 20);
        agreement.Add(1, 0, 5);
        agreement.Add(0, 1, 10);
        agreement.Add(0, 0, 15);
        Assert.That(agreement.Pairs, Is.EqualTo(50));
        Assert.That(agreement.Share, Is.EqualTo(0.7).Within(1e-12));
        Assert.That(agreement.Kappa, Is.EqualTo(0.4).Within(1e-12));
    }

    [Test]
    public void Kappa_IsOne_ForTwoWhoAlwaysAgree_AndBelowZero_ForOpposites()
    {
        LabelAgreement same = new(), opposed = new();
        foreach (float weight in new[] { 1f, 0f, 0.5f })
            same.Add(weight, weight);
        opposed.Add(1, 0);
        opposed.Add(0, 1);
        Assert.That(same.Kappa, Is.EqualTo(1).Within(1e-12));
        Assert.That(opposed.Kappa, Is.EqualTo(-1).Within(1e-12));
    }

    [Test]
    public void Kappa_CountsTiesAsAThirdAnswer()
    {
        // Each answer once alike, then one first against a tie: pₒ = 3/4, pₑ = (2·1 + 1·1 + 1·2)/16.
        LabelAgreement agreement = new();
        foreach (float weight in new[] { 1f, 0f, 0.5f })
            agreement.Add(weight, weight);
        agreement.Add(1, 0.5f);
        Assert.That(agreement.Kappa, Is.EqualTo((0.75 - (5.0 / 16)) / (1 - (5.0 / 16))).Within(1e-12));
    }

    [Test]
    public void Kappa_IsNotDefined_WithoutPairs_AndForOneAnswerOnly()
    {
        LabelAgreement agreement = new();
        Assert.That(agreement.Kappa, Is.Null);
        Assert.That(agreement.Share, Is.NaN);
        agreement.Add(1, 1, 3);
        Assert.That(agreement.Kappa, Is.Null);
        agreement.Add(1, 1, -3);
        Assert.That(agreement.Pairs, Is.Zero);
    }

    [Test]
    public void BetweenLabelers_ComparesThoseWithTheSameQuery()
    {
        Comparison[] comparisons =
        [
            new(1, 10, 1, 2, 1, 7), new(2, 10, 1, 2, 1, 3), new(3, 11, 3, 4, 0.5f, 3), new(4, 11, 3, 4, 0, 7), new(5, 12, 5, 6, 0, 9),
            new(6, 11, 3, 4, 0, 9),
        ];
        IReadOnlyList<(long First, long Second, LabelAgreement Agreement)> between = LabelAgreement.BetweenLabelers(comparisons);
        Assert.That(between.Select(b => (b.First, b.Second, b.Agreement.Pairs)), Is.EqualTo(new[] { (3L, 7L, 2L), (3L, 9L, 1L), (7L, 9L, 1L) }));
        Assert.That(between[0].Agreement.Share, Is.EqualTo(0.5));
    }

    [Test]
    public void WithModel_CountsDecidedAnswersWithAPrediction()
    {
        Label[] labels =
        [
            Label(0.9, Answer.Left), Label(0.8, Answer.Right), Label(0.2, Answer.Right), Label(0.1, Answer.Tie), Label(null, Answer.Left),
            Label(0.5, Answer.Left), Label(0.3, Answer.CannotTell), Label(0.3, Answer.Left) with { Retracted = true },
        ];
        LabelAgreement agreement = LabelAgreement.WithModel(labels);
        Assert.That(agreement.Pairs, Is.EqualTo(3));
        Assert.That(agreement.Share, Is.EqualTo(2.0 / 3).Within(1e-12));
    }

    private static Label Label(double? predicted, Answer answer) => new(
        1, new Query { RunId = 1, Items = [1, 2], Predicted = predicted }, 1, Judgement.Of(answer), DateTimeOffset.UnixEpoch, false);
}
