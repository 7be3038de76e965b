namespace Rlhf.Models;

/// <summary>
/// A file the caller named is missing, malformed or does not fit. The message is one line: file, then the tensor, field or line,
/// then what was found and what was expected. Every reader of this room throws this type, whatever the bytes are.
/// </summary>
public sealed class DataFormatException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public DataFormatException()
    {
    }

    /// <summary>Creates the exception with its one line.</summary>
    public DataFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one line and what caused it.</summary>
    public DataFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
