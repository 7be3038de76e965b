using System.Globalization;
using System.Text;

namespace Rlhf.Models.Tokenization;

/// <summary>The four classes that the splitting patterns tell apart: \p{L}, \p{N}, \s and the rest.</summary>
internal enum CharacterClass : byte
{
    Other,
    Letter,
    Number,
    Space,
}

/// <summary>
/// Classes of Unicode code points, not of UTF-16 units: letters beyond the basic plane are letters. White space is Unicode's White_Space
/// (U+0085 is, U+FEFF, U+180E and U+001C–U+001F are not), as in the regular-expression engines that the published vocabularies were made with.
/// </summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] Ascii = [.. Enumerable.Range(0, 128).Select(value => Classify(new Rune(value)))];

    /// <summary>Class of the code point at the start of a non-empty text, and its length in UTF-16 units.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, out int length)
    {
        char first = text[0];
        length = 1;
        if (first < 128)
            return Ascii[first];
        if (!char.IsSurrogate(first))
            return Classify(new Rune(first));
        if (text.Length < 2 || !Rune.TryCreate(first, text[1], out Rune rune))
            return CharacterClass.Other;
        length = 2;
        return Classify(rune);
    }

    /// <summary>End of the run of one class that starts at <paramref name="start"/>.</summary>
    public static int RunEnd(ReadOnlySpan<char> text, int start, CharacterClass wanted)
    {
        while (start < text.Length)
        {
            char c = text[start];
            if (c < 128)
            {
                if (Ascii[c] != wanted)
                    break;
                start++;
                continue;
            }

            if (At(text[start..], out int length) != wanted)
                break;
            start += length;
        }

        return start;
    }

    private static CharacterClass Classify(Rune rune)
    {
        if (Rune.IsWhiteSpace(rune))
            return CharacterClass.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
            _ => CharacterClass.Other,
        };
    }
}
