using Rlhf.Cli.Demo;
using Rlhf.Models;

namespace Rlhf.Cli.Tests.Demo;

public sealed class AddressCorpusTests
{
    [Test]
    public void Load_HoldsOutEveryTenthAddressWhole()
    {
        string folder = Directory.CreateTempSubdirectory("addresses").FullName;
        for (int i = 0; i < 20; i++)
            File.WriteAllText(Path.Combine(folder, $"{1800 + i}.txt"), $"Address {i}\nsecond  line");
        AddressCorpus corpus = AddressCorpus.Load(folder);
        Directory.Delete(folder, recursive: true);
        Assert.Multiple(() =>
        {
            Assert.That(corpus.HeldOut, Is.EqualTo(new[] { "Address 4 second line", "Address 14 second line" }));
            Assert.That(corpus.Train, Has.Count.EqualTo(18));
        });
    }

    [Test]
    public void Load_FolderWithoutAddresses_SaysWhatWasExpected() =>
        Assert.That(
            () => AddressCorpus.Load("no-such-folder"),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("no-such-folder").And.Message.Contains("State of the Union"));

    [Test]
    public void Openings_AreTheFirstWordsOfLongSentences_EachOnce()
    {
        const string Long = "We have every reason to hope that the year will be a good one for all";
        IReadOnlyList<string> openings = AddressCorpus.Openings([$"{Long}. Too short. {Long}! It is not the case that nothing was done in the last year by us."], 4, 4);
        Assert.That(openings, Is.EqualTo(new[] { "We have every reason", "It is not the" }));
    }

    [Test]
    public void UnigramLoss_OfUniformTokens_IsTheLogOfTheirNumber()
    {
        int[] tokens = [.. Enumerable.Range(0, 4000).Select(i => i % 4)];
        Assert.That(UnigramModel.Loss(tokens, tokens, vocab: 4), Is.EqualTo(Math.Log(4)).Within(1e-9));
    }
}
