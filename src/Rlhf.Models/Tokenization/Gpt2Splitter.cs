namespace Rlhf.Models.Tokenization;

/// <summary>GPT-2's pattern: contractions, and words, numbers and symbols with one space before them.</summary>
internal sealed class Gpt2Splitter : PieceSplitter
{
    /// <summary>The expression this class implements.</summary>
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override string? Expression => null;

    public override int Next(ReadOnlySpan<char> text)
    {
        char first = text[0];
        if (first == '\'' && Contraction(text) is int contraction and > 0)
            return contraction;

        int start = first == ' ' && text.Length > 1 ? 1 : 0;
        CharacterClass kind = CharacterClasses.At(text[start..], out int length);
        if (kind != CharacterClass.Space)
            return CharacterClasses.RunEnd(text, start + length, kind);
        return SpacePiece(CharacterClasses.RunEnd(text, 1, CharacterClass.Space), text.Length);
    }

    private static int Contraction(ReadOnlySpan<char> text)
    {
        if (text.Length > 1 && text[1] is 's' or 't' or 'm' or 'd')
            return 2;
        return text.Length > 2 && text[1..3] is "re" or "ve" or "ll" ? 3 : 0;
    }
}
