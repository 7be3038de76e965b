using Rlhf.Cli.Demo;
using Rlhf.Models;

namespace Rlhf.Cli.Tests.Demo;

public sealed class ValenceLexiconTests
{
    private string _file = string.Empty;

    [SetUp]
    public void WriteLexicon()
    {
        _file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{TestContext.CurrentContext.Test.ID}.json");
        File.WriteAllText(_file, """[["peace", 2], ["war", -2], ["can't stand", -3], ["well-being", 3]]""");
    }

    [TearDown]
    public void DeleteLexicon() => File.Delete(_file);

    [TestCase("Peace and war", 0.0)]
    [TestCase("peace, peace!", 2.0)]
    [TestCase("the war was long", -0.5)]
    [TestCase("our well-being.", 1.5)]
    [TestCase("warlike peacetime", 0.0)]
    [TestCase("1797 — ?", 0.0)]
    [TestCase("", 0.0)]
    public void Score_IsTheMeanValenceOfTheWords(string text, double expected) =>
        Assert.That(ValenceLexicon.Load(_file).Score(text), Is.EqualTo(expected).Within(1e-12));

    [Test]
    public void Load_LeavesOutEntriesOfSeveralWords() => Assert.That(ValenceLexicon.Load(_file).Count, Is.EqualTo(3));

    [TestCase("{}")]
    [TestCase("""[["peace"]]""")]
    [TestCase("""[["peace", "much"]]""")]
    [TestCase("""[["peace", 2]""")]
    public void Load_MalformedFile_SaysWhichAndWhatWasExpected(string text)
    {
        File.WriteAllText(_file, text);
        Assert.That(
            () => ValenceLexicon.Load(_file),
            Throws.TypeOf<DataFormatException>().With.Message.StartWith(_file).And.Message.Contains("[word, valence]"));
    }

    [Test]
    public void RankCleanly_GivesEqualRanksToTies()
    {
        var labeler = new LexiconLabeler(ValenceLexicon.Load(_file), errorRate: 0, seed: 1);
        Assert.That(labeler.Rank(["war", "peace", "ship", "boat"]), Is.EqualTo(new[] { 4, 1, 2, 2 }));
    }

    [Test]
    public void Rank_IsRandomWithTheErrorRate()
    {
        var labeler = new LexiconLabeler(ValenceLexicon.Load(_file), errorRate: 0.1, seed: 7);
        int[] clean = labeler.RankCleanly(["war", "peace", "ship", "well-being"]);
        int wrong = Enumerable.Range(0, 5000).Count(_ => !labeler.Rank(["war", "peace", "ship", "well-being"]).SequenceEqual(clean));

        // One random ranking in 24 happens to be right.
        Assert.That(wrong / 5000.0, Is.EqualTo(0.1 * 23 / 24).Within(0.015));
    }
}
