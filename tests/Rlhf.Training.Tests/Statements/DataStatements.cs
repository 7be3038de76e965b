using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Sft;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on prompts, responses and the SFT loss, by number.</summary>
[TestFixture]
internal sealed class DataStatements
{
    private const string Suffix = "\nTL;DR:";

    private readonly TextEncoder _encoder = Small.Encoder();

    [Test]
    public void Statement16_Query_IsCutAtTheLastNewlineOfThePost_AndKeepsItsEnd()
    {
        string post = string.Concat(Enumerable.Repeat("the cat sat on the mat.\n", 9)) + "the dog sat";

        TokenText query = new PromptTruncation(MaxTokens: 60, Suffix).Apply(_encoder, post + Suffix);

        string body = query.Text[..^Suffix.Length];
        int oneMore = body.Length + 1 + "the cat sat on the mat.".Length;
        Assert.Multiple(() =>
        {
            Assert.That(query.Text, Does.EndWith("the cat sat on the mat." + Suffix));
            Assert.That(post, Does.StartWith(body + "\n"));
            Assert.That(query.Ids, Has.Length.LessThanOrEqualTo(60));
            Assert.That(_encoder.Encode(post[..oneMore] + Suffix).Ids, Has.Length.GreaterThan(60), "one line more would not fit");
            Assert.That(PromptTruncation.EndsWell(_encoder, query), Is.True);
        });
    }

    [Test]
    public void Statement16_Query_IsCutByCharacters_WhenThereIsNoNewline()
    {
        string post = string.Concat(Enumerable.Repeat("xyz", 100));

        TokenText query = new PromptTruncation(MaxTokens: 50, "TL;DR:").Apply(_encoder, post + "TL;DR:");

        Assert.Multiple(() =>
        {
            Assert.That(query.Ids, Has.Length.EqualTo(50));
            Assert.That(query.Text, Does.EndWith("TL;DR:"));
        });
    }

    [Test]
    public void Statement16_Query_DefaultsTo512Tokens_AndStandsRightOfItsPadding()
    {
        using var batch = new TokenBatchBuffer();
        batch.Fill([(int[])[1, 2, 3], (int[])[4]], PaddingSide.Left);

        Assert.Multiple(() =>
        {
            Assert.That(new PromptTruncation().MaxTokens, Is.EqualTo(512));
            Assert.That(batch.Tokens.InputIds[1, 2], Is.EqualTo(4));
            Assert.That(batch.Tokens.Mask[1, 0], Is.Zero);
        });
    }

    [TestCase("the cat ", false)]
    [TestCase("the cat", true)]
    public void Statement16_Query_EndsWithoutSpaceOrEndToken(string text, bool well)
    {
        TokenText query = _encoder.Encode(text);

        Assert.Multiple(() =>
        {
            Assert.That(PromptTruncation.EndsWell(_encoder, query), Is.EqualTo(well));
            Assert.That(PromptTruncation.EndsWell(_encoder, query with { Ids = [.. query.Ids, _encoder.EosId] }), Is.False);
        });
    }

    [TestCase(53)]
    [TestCase(169)]
    public void Statement17_Response_IsSpaceSummaryEndToken_AndLimited(int limit)
    {
        ResponseFormat format = ResponseFormat.Tldr(limit);

        TokenText brief = format.Encode(_encoder, "the cat"), endless = format.Encode(_encoder, new string('x', 400));

        Assert.Multiple(() =>
        {
            Assert.That(_encoder.Decode(brief.Ids), Is.EqualTo(" the cat" + Small.EndOfText));
            Assert.That(brief.Ids[^1], Is.EqualTo(_encoder.EosId));
            Assert.That(endless.Ids, Has.Length.EqualTo(limit));
            Assert.That(ResponseFormat.Tldr().MaxTokens, Is.EqualTo(53));
        });
    }

    [Test]
    public void Statement18_SftLoss_IgnoresPaddingButNotThePrompt([Values] bool completionOnly)
    {
        using LanguageModel model = Small.Model();
        using var loss = new LanguageModelLoss(model, Small.Kernels);
        PromptCompletion brief = new(new("", [3, 4, 5]), new("", [6, 7])), lengthy = new(new("", [9, 8, 7, 6, 5, 4]), new("", [3, 2, 1, 2, 3]));
        LanguageExample[] examples = [.. LanguageExamples.Pairs([brief, lengthy], 48, completionOnly)];

        LanguageModelSums padded = loss.Forward(examples), first = loss.Forward(examples[..1]), second = loss.Forward(examples[1..]);

        Assert.Multiple(() =>
        {
            Assert.That(padded.Targets, Is.EqualTo(completionOnly ? 2 + 5 : 4 + 10));
            Assert.That(padded.Loss, Is.EqualTo(first.Loss + second.Loss).Within(1e-4));
            Assert.That(first.MeanLoss, Is.EqualTo(Math.Log(40)).Within(0.5));
        });
    }
}
