namespace Rlhf.Environments.Gymnasium;

/// <summary>An environment behind the bridge could not be made, or broke. Its process is gone by now.</summary>
public sealed class GymnasiumException : Exception
{
    /// <summary>Without a message.</summary>
    public GymnasiumException()
    {
    }

    /// <summary>With a message that names the environment and what happened.</summary>
    public GymnasiumException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and its cause.</summary>
    public GymnasiumException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
