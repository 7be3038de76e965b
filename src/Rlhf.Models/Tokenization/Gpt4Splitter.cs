namespace Rlhf.Models.Tokenization;

/// <summary>
/// The pattern of Llama 3 and Qwen: contractions in either case, words with one character of any kind before them, numbers in groups
/// of up to <paramref name="maxDigits"/>, symbols with the line ends after them, line ends with the white space before them.
/// </summary>
internal sealed class Gpt4Splitter(int maxDigits) : PieceSplitter
{
    /// <summary>The expression with groups of up to three digits.</summary>
    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The expression with every digit by itself.</summary>
    public const string QwenPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public override string? Expression => maxDigits == 3 ? Llama3Pattern : QwenPattern;

    public override int Next(ReadOnlySpan<char> text)
    {
        if (text[0] == '\'' && Contraction(text) is int contraction and > 0)
            return contraction;

        CharacterClass kind = CharacterClasses.At(text, out int length);
        CharacterClass second = CharacterClass.Space;
        if (length < text.Length)
            second = CharacterClasses.At(text[length..], out _);
        if (kind == CharacterClass.Letter
            || (second == CharacterClass.Letter && kind != CharacterClass.Number && text[0] is not ('\r' or '\n')))
            return CharacterClasses.RunEnd(text, length, CharacterClass.Letter);
        if (kind == CharacterClass.Number)
            return Digits(text, length);
        if (kind == CharacterClass.Other || (text[0] == ' ' && second == CharacterClass.Other && text.Length > 1))
            return LineEnds(text, CharacterClasses.RunEnd(text, length, CharacterClass.Other));

        int runEnd = CharacterClasses.RunEnd(text, 1, CharacterClass.Space);
        int lastLineEnd = text[..runEnd].LastIndexOfAny('\r', '\n');
        return lastLineEnd >= 0 ? lastLineEnd + 1 : SpacePiece(runEnd, text.Length);
    }

    private static int Contraction(ReadOnlySpan<char> text)
    {
        // Case folding makes the long s (U+017F) an s; no other letter here has a fold beyond ASCII.
        if (text.Length > 1 && char.ToLowerInvariant(text[1]) is 's' or '\u017F' or 't' or 'm' or 'd')
            return 2;
        if (text.Length < 3)
            return 0;
        return (char.ToLowerInvariant(text[1]), char.ToLowerInvariant(text[2])) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private int Digits(ReadOnlySpan<char> text, int end)
    {
        for (int count = 1; count < maxDigits && end < text.Length; count++)
        {
            if (CharacterClasses.At(text[end..], out int length) != CharacterClass.Number)
                break;
            end += length;
        }

        return end;
    }

    private static int LineEnds(ReadOnlySpan<char> text, int end)
    {
        while (end < text.Length && text[end] is '\r' or '\n')
            end++;
        return end;
    }
}
