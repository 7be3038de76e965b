namespace Rlhf.Models.Native;

/// <summary>A call into librlhf_torch failed, or the library could not be loaded; the message is one line that says why.</summary>
public sealed class TorchException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public TorchException()
    {
    }

    /// <summary>Creates the exception with its one line.</summary>
    public TorchException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one line and what caused it.</summary>
    public TorchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
