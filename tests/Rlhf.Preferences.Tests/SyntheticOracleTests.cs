namespace Rlhf.Preferences.Tests;

public sealed class SyntheticOracleTests
{
    [TestCase(2, 1, Answer.Left)]
    [TestCase(1, 2, Answer.Right)]
    [TestCase(1.5, 1.5, Answer.Tie)]
    public void Judge_PrefersTheGreaterSum(double first, double second, Answer expected)
    {
        using TemporaryStore temporary = new();
        Assert.That(new SyntheticOracle(temporary.Store).Judge(1, first, second), Is.EqualTo(expected));
    }

    [Test]
    public void Judge_CallsSmallDifferencesATie()
    {
        using TemporaryStore temporary = new();
        SyntheticOracle oracle = new(temporary.Store, new OracleOptions { TieThreshold = 0.5 });
        Assert.That(new[] { oracle.Judge(1, 1, 1.5), oracle.Judge(1, 1, 1.6) }, Is.EqualTo(new[] { Answer.Tie, Answer.Right }));
    }

    [Test]
    public void Judge_ErrsAtItsRate_WhateverTheOrder()
    {
        using TemporaryStore temporary = new();
        SyntheticOracle oracle = new(temporary.Store, new OracleOptions { ErrorRate = 0.1, Seed = 3 });
        Answer[] forwards = [.. Enumerable.Range(0, 10_000).Select(query => oracle.Judge(query, 1, 0))];
        Answer[] backwards = [.. Enumerable.Range(0, 10_000).Reverse().Select(query => oracle.Judge(query, 1, 0))];
        Assert.That(forwards.Count(answer => answer == Answer.Right), Is.InRange(880, 1120), "four standard deviations");
        Assert.That(backwards.Reverse(), Is.EqualTo(forwards));
    }

    [Test]
    public void Judge_CannotTell_AtItsRate()
    {
        using TemporaryStore temporary = new();
        SyntheticOracle oracle = new(temporary.Store, new OracleOptions { CannotTellRate = 0.25 });
        int count = Enumerable.Range(0, 10_000).Count(query => oracle.Judge(query, 1, 0) == Answer.CannotTell);
        Assert.That(count, Is.InRange(2327, 2673));
    }

    [Test]
    public void Judge_IsBoltzmann_WithATemperature()
    {
        using TemporaryStore temporary = new();
        SyntheticOracle oracle = new(temporary.Store, new OracleOptions { Temperature = 2 });
        int left = Enumerable.Range(0, 10_000).Count(query => oracle.Judge(query, 3, 1) == Answer.Left);
        Assert.That(left, Is.EqualTo(10_000 / (1 + Math.Exp(-1))).Within(180));
    }

    [Test]
    public void Answer_LabelsEveryPairByItsTrueSums_WhateverTheDisplay()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        TrueRewardBook book = new(temporary.Store);
        for (int i = 0; i < 100; i++)
        {
            IReadOnlyList<long> items = temporary.Store.GetQuery(temporary.AddPair(run, i)).Items;
            book.Add([(items[0], [i % 3, 1f]), (items[1], [1f, 1f])]);
        }

        SyntheticOracle oracle = new(temporary.Store);
        Assert.That(oracle.Answer(run, 7), Is.EqualTo(7));
        Assert.That(oracle.Answer(run), Is.EqualTo(93));
        Assert.That(oracle.Answer(run), Is.Zero);
        IReadOnlyList<Comparison> comparisons = temporary.Store.GetComparisons(run).Added;
        Assert.That(comparisons, Has.Count.EqualTo(100));
        Assert.That(
            comparisons.Select(c => (double)c.FirstWeight),
            Is.EqualTo(comparisons.Select(c => (Math.Sign(book.Total(c.First)!.Value - book.Total(c.Second)!.Value) + 1) / 2.0)));
    }

    [Test]
    public void Answer_SaysWhichTrueRewardsAreMissing()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        temporary.AddPair(run, 0);
        Assert.That(
            () => new SyntheticOracle(temporary.Store).Answer(run),
            Throws.ArgumentException.With.Message.EqualTo("oracle: the true rewards of segment 1 are not in the store"));
    }

    [Test]
    public void Options_AreChecked()
    {
        using TemporaryStore temporary = new();
        Assert.That(
            () => new SyntheticOracle(temporary.Store, new OracleOptions { ErrorRate = 1.5 }),
            Throws.ArgumentException.With.Message.EqualTo("oracle: error rate 1.5, expected 0 to 1"));
    }
}
