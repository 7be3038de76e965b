using System.Text;

namespace Rlhf.Models;

/// <summary>
/// A file the caller named is missing, malformed or does not fit. The message is one line: file, then the tensor, field or line,
/// then what was found and what was expected. Every reader of this room throws this type, whatever the bytes are.
/// </summary>
public sealed class DataFormatException : Exception
{
    private const int MaxLength = 4000;

    /// <summary>Creates the exception without a message.</summary>
    public DataFormatException()
    {
    }

    /// <summary>Creates the exception with its one line.</summary>
    public DataFormatException(string message)
        : base(OneLine(message, MaxLength))
    {
    }

    /// <summary>Creates the exception with its one line and what caused it.</summary>
    public DataFormatException(string message, Exception innerException)
        : base(OneLine(message, MaxLength), innerException)
    {
    }

    /// <summary>A short quotation of text out of a file.</summary>
    internal static string Excerpt(string text) => OneLine(text, 100);

    /// <summary>Names in a message come from files: whatever they contain, the message stays one line of bearable length.</summary>
    private static string OneLine(string text, int maxLength)
    {
        StringBuilder shown = new();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, maxLength)))
            shown.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? '?' : c);
        return shown.Append(text.Length > maxLength ? "…" : "").ToString();
    }
}
