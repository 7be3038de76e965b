namespace Rlhf.Preferences;

/// <summary>The store cannot be opened, read or written; one line that names the file, what is wrong and what was expected.</summary>
public sealed class PreferenceStoreException : Exception
{
    /// <summary>With no text.</summary>
    public PreferenceStoreException()
    {
    }

    /// <summary>With one line.</summary>
    public PreferenceStoreException(string message)
        : base(message)
    {
    }

    /// <summary>With one line and its cause.</summary>
    public PreferenceStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
