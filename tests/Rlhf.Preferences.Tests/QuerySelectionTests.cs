namespace Rlhf.Preferences.Tests;

public sealed class QuerySelectionTests
{
    // Three members, four pairs: all sure and agreed; all even; one against two; agreed within sureness.
    private static readonly float[] Logits =
    [
        5, 0, 4, 0.5f,
        5, 0, -4, 2,
        5, 0, 4, 1,
    ];

    private static readonly (long, long)[] Pairs = [(1, 2), (3, 4), (5, 6), (7, 8)];

    [Test]
    public void Variance_IsThatOfProbabilities()
    {
        double[] scores = QuerySelection.Scores(SelectionRule.Variance, Logits, 3);
        double high = 1 / (1 + Math.Exp(-4)), mean = ((2 * high) + (1 - high)) / 3;
        double expected = ((2 * Math.Pow(high - mean, 2)) + Math.Pow(1 - high - mean, 2)) / 3;
        Assert.That(scores[2], Is.EqualTo(expected).Within(1e-12));
        Assert.That(scores[0], Is.Zero);
        Assert.That(scores[1], Is.Zero);
        Assert.That(scores[3], Is.InRange(1e-3, expected));
    }

    [TestCase(SelectionRule.LogitVariance, 128.0 / 9)]
    [TestCase(SelectionRule.LabelVariance, 2.0 / 9)]
    public void Variance_OfLogitsAndLabels_IsByHand(SelectionRule rule, double expected) =>
        Assert.That(QuerySelection.Scores(rule, Logits, 3)[2], Is.EqualTo(expected).Within(1e-12));

    [Test]
    public void InformationGain_IsEntropyOfTheMeanLessMeanOfEntropies()
    {
        double[] scores = QuerySelection.Scores(SelectionRule.InformationGain, [100, 0, -100, 0], 2);
        Assert.That(scores[0], Is.EqualTo(Math.Log(2)).Within(1e-12), "sure and opposed: the answer tells which one is right");
        Assert.That(scores[1], Is.Zero.Within(1e-12), "both even: the answer tells nothing of them");
    }

    [TestCase(SelectionRule.Variance)]
    [TestCase(SelectionRule.InformationGain)]
    [TestCase(SelectionRule.LabelVariance)]
    public void Choose_TakesTheMostDisagreedFirst(SelectionRule rule) =>
        Assert.That(QuerySelection.Choose(rule, Logits, 3, Pairs, 1, 1), Is.EqualTo(new[] { 2 }));

    [Test]
    public void Choose_PassesOverTwinsSelvesAndTheAsked()
    {
        float[] logits = [3, 3, 1, 2, 0.1f, -3, -3, -1, -2, -0.1f];
        (long, long)[] pairs = [(1, 2), (2, 1), (5, 5), (3, 4), (6, 7)];
        IReadOnlyList<int> chosen = QuerySelection.Choose(SelectionRule.Variance, logits, 2, pairs, 5, 9, asked: [(4, 3)]);
        Assert.That(chosen, Has.Count.EqualTo(2));
        Assert.That(chosen[0], Is.AnyOf(0, 1));
        Assert.That(chosen[1], Is.EqualTo(4));
    }

    [Test]
    public void Random_TakesEveryPairAboutEquallyOften_AndTheSameForTheSameSeed()
    {
        int[] counts = new int[4];
        for (ulong seed = 0; seed < 400; seed++)
            counts[QuerySelection.Choose(SelectionRule.Random, Logits, 3, Pairs, 1, seed)[0]]++;
        Assert.That(counts, Is.All.InRange(70, 130));
        Assert.That(
            QuerySelection.Choose(SelectionRule.Random, Logits, 3, Pairs, 4, 5),
            Is.EqualTo(QuerySelection.Choose(SelectionRule.Random, Logits, 3, Pairs, 4, 5)));
    }

    [Test]
    public void Scores_SaysWhatIsWrong()
    {
        Assert.That(
            () => QuerySelection.Scores(SelectionRule.Variance, [1f, 2f], 1),
            Throws.ArgumentException.With.Message.EqualTo(
                "query selection: one member has nobody to disagree with, expected 2 or more for Variance, or Random"));
        Assert.That(
            () => QuerySelection.Scores(SelectionRule.Variance, [1f, float.NaN, 2, 3], 2),
            Throws.ArgumentException.With.Message.EqualTo("query selection: logit of pair 1 by member 0 is NaN"));
        Assert.That(() => QuerySelection.Scores(SelectionRule.Variance, [1f, 2, 3], 2), Throws.ArgumentException);
    }
}
