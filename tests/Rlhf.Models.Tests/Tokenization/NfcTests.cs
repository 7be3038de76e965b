using Rlhf.Models.Tokenization;

namespace Rlhf.Models.Tests.Tokenization;

/// <summary>Values from the Unicode standard (UAX #15) and its conformance test.</summary>
public sealed class NfcTests
{
    [TestCase("plain ASCII", "plain ASCII")]
    [TestCase("e\u0301", "\u00E9", TestName = "Normalize_Composes")]
    [TestCase("\u212B\u2126", "\u00C5\u03A9", TestName = "Normalize_ReplacesSingletons")]
    [TestCase("\u1E9B\u0323", "\u1E9B\u0323", TestName = "Normalize_KeepsWhatIsComposed")]
    [TestCase("d\u0307\u0323", "\u1E0D\u0307", TestName = "Normalize_OrdersMarksBeforeComposing")]
    [TestCase("\u0958", "\u0915\u093C", TestName = "Normalize_KeepsCompositionExclusionsApart")]
    [TestCase("\u1100\u1161\u11A8", "\uAC01", TestName = "Normalize_ComposesHangul")]
    [TestCase("\uAC00\u11A8", "\uAC01", TestName = "Normalize_ComposesHangulWithATrailingConsonant")]
    [TestCase("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b", TestName = "Normalize_StopsAtABlockingMark")]
    [TestCase("\u1D15F", "\u1D15F", TestName = "Normalize_LeavesTextThatOnlyLooksDecomposable")]
    [TestCase("\U0001D15E", "\U0001D157\U0001D165", TestName = "Normalize_DecomposesBeyondTheBasicPlane")]
    [TestCase("\u0344", "\u0308\u0301", TestName = "Normalize_DecomposesLeadingMarks")]
    public void Normalize(string text, string expected)
    {
        Assert.That(Nfc.Normalize(text).ToString(), Is.EqualTo(expected));
        Assert.That(Nfc.Normalize(expected).ToString(), Is.EqualTo(expected));
    }
}
