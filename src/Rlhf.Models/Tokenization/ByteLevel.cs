using System.Text;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// The byte alphabet of GPT-2's files (Radford et al. 2019): printable Latin-1 characters stand for themselves, the other 68 bytes for
/// U+0100 onwards, so that every token is visible text without spaces.
/// </summary>
internal static class ByteLevel
{
    private static readonly char[] Letters = MakeLetters();
    private static readonly short[] Bytes = MakeBytes();

    /// <summary>The character that stands for a byte.</summary>
    public static char Letter(byte value) => Letters[value];

    /// <summary>Writes a token's bytes in the alphabet.</summary>
    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new(bytes.Length);
        foreach (byte value in bytes)
            text.Append(Letters[value]);
        return text.ToString();
    }

    /// <summary>The bytes of a token as a file spells it. A token with a character outside the alphabet stands for itself.</summary>
    public static byte[] Unspell(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            short value = token[i] < Bytes.Length ? Bytes[token[i]] : (short)-1;
            if (value < 0)
                return Encoding.UTF8.GetBytes(token);
            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private static char[] MakeLetters()
    {
        char[] letters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            letters[value] = (char)(printable ? value : next++);
        }

        return letters;
    }

    private static short[] MakeBytes()
    {
        short[] bytes = new short[Letters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
            bytes[Letters[value]] = (short)value;
        return bytes;
    }
}
