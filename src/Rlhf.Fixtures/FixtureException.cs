namespace Rlhf.Fixtures;

/// <summary>A fixture cannot be used, or asks for something that is not understood. The message is one line.</summary>
public sealed class FixtureException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public FixtureException()
    {
    }

    /// <summary>Creates the exception with its one line.</summary>
    public FixtureException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one line and what caused it.</summary>
    public FixtureException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
