namespace Rlhf.Environments.Mujoco;

/// <summary>A call into librlhf_mujoco failed, a model is broken, or the library could not be loaded; the message is one line that says why.</summary>
public sealed class MujocoException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public MujocoException()
    {
    }

    /// <summary>Creates the exception with its one line.</summary>
    public MujocoException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one line and what caused it.</summary>
    public MujocoException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
