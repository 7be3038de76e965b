using System.Text.RegularExpressions;
using Rlhf.Models.Tokenization;

namespace Rlhf.Models.Tests.Tokenization;

public sealed class PieceSplitterTests
{
    private static readonly string[] Expressions = [Gpt2Splitter.Pattern, Gpt4Splitter.Llama3Pattern, Gpt4Splitter.QwenPattern];

    /// <summary>On the basic plane .NET's engine gives the same classes, so the hand-written splitters can be held against it.</summary>
    [TestCaseSource(nameof(Expressions))]
    public void Next_AgreesWithTheExpression_OnRandomText(string expression)
    {
        string alphabet = "abzAZ sStTrReEvVmMlLdD''''  \n\r\t\f.,!-_é日½٣Ⅷ\u0301\u00A0\u0085\u2028\u3000\uFEFF\u180E\u200B\u001C0123";
        Regex regex = new(expression, RegexOptions.CultureInvariant);
        PieceSplitter splitter = PieceSplitter.ForExpression(expression)!;
        Random random = new(17);
        for (int round = 0; round < 20_000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 16)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            Assert.That(Split(splitter, text), Is.EqualTo(regex.Matches(text).Select(match => match.Value)), string.Join(' ', text.Select(c => $"{(int)c:x4}")));
        }
    }

    [TestCaseSource(nameof(Expressions))]
    public void Next_KeepsLettersBeyondTheBasicPlaneTogether(string expression)
    {
        PieceSplitter splitter = PieceSplitter.ForExpression(expression)!;
        Assert.That(Split(splitter, "a\U00010400b\U0001F600c"), Is.EqualTo(expression == Gpt2Splitter.Pattern
            ? new[] { "a\U00010400b", "\U0001F600", "c" }
            : new[] { "a\U00010400b", "\U0001F600c" }));
        Assert.That(Split(splitter, "\uD83D\uD83Da"), Has.Length.GreaterThan(0), "unpaired surrogates end too");
    }

    [Test]
    public void Next_FoldsTheLongS_InContractionsOfEitherCase()
    {
        Assert.That(Split(new Gpt4Splitter(3), "it'\u017Ft"), Is.EqualTo(new[] { "it", "'\u017F", "t" }));
        Assert.That(Split(new Gpt2Splitter(), "IT'Sx"), Is.EqualTo(new[] { "IT", "'", "Sx" }));
    }

    [Test]
    public void ForExpression_KnowsNoOther() => Assert.That(PieceSplitter.ForExpression(@"\w+"), Is.Null);

    private static string[] Split(PieceSplitter splitter, string text)
    {
        List<string> pieces = [];
        for (int at = 0; at < text.Length;)
        {
            int length = splitter.Next(text.AsSpan(at));
            pieces.Add(text.Substring(at, length));
            at += length;
        }

        return [.. pieces];
    }
}
