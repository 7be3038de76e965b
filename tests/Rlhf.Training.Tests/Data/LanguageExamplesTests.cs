using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Tests.Data;

[TestFixture]
internal sealed class LanguageExamplesTests
{
    [Test]
    public void Pack_CountsEveryTokenButTheFirstOnce()
    {
        TokenText[] documents = [new("", [1, 2, 3]), new("", [4, 9]), new("", [5, 6, 7, 8])];

        IReadOnlyList<LanguageExample> blocks = LanguageExamples.Pack(documents, length: 4, eosId: 9);

        Assert.Multiple(() =>
        {
            Assert.That(blocks[0].Ids.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 9, 4 }));
            Assert.That(blocks.SelectMany(block => block.Ids[block.FirstTarget..].ToArray()), Is.EqualTo(new[] { 2, 3, 9, 4, 9, 5, 6, 7, 8, 9 }));
            Assert.That(blocks.Select(block => block.TargetCount), Is.EqualTo(new[] { 4, 4, 2 }));
        });
    }

    [Test]
    public void Separate_KeepsTheBeginningAndClosesWhatFits()
    {
        IReadOnlyList<LanguageExample> examples = LanguageExamples.Separate([new("", [1, 2]), new("", [1, 2, 3, 4, 5, 6])], length: 3, eosId: 9);

        Assert.Multiple(() =>
        {
            Assert.That(examples[0].Ids.ToArray(), Is.EqualTo(new[] { 1, 2, 9 }));
            Assert.That(examples[1].Ids.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 4 }));
        });
    }

    [Test]
    public void Pairs_CountsTheCompletionAlone_OrAllButTheFirst([Values] bool completionOnly)
    {
        PromptCompletion[] pairs = [new(new("", [1, 2, 3]), new("", [4, 5]))];

        LanguageExample example = LanguageExamples.Pairs(pairs, length: 10, completionOnly)[0];

        Assert.That(example.Ids[example.FirstTarget..].ToArray(), Is.EqualTo(completionOnly ? new[] { 4, 5 } : [2, 3, 4, 5]));
    }

    [Test]
    public void Pairs_Throws_WhenNoCompletionFits() =>
        Assert.That(
            () => LanguageExamples.Pairs([new(new("", [1, 2, 3, 4]), new("", [5]))], length: 3, completionOnly: true),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("max_length"));
}
