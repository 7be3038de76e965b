using Microsoft.Win32.SafeHandles;

namespace Rlhf.Models.Checkpoints;

/// <summary>Reads of files a user named: whatever the system says becomes one line with the path.</summary>
internal static class DataFile
{
    public static SafeFileHandle OpenRead(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        }
        catch (Exception error) when (IsSystemError(error))
        {
            throw Describe(path, error);
        }
    }

    public static byte[] ReadAllBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (IsSystemError(error))
        {
            throw Describe(path, error);
        }
    }

    public static void ReadExactly(SafeFileHandle handle, string path, long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(handle, destination, offset);
                if (read == 0)
                    throw new DataFormatException($"{path}: ends at byte {offset}, expected {destination.Length} more (truncated while in use?)");
                offset += read;
                destination = destination[read..];
            }
        }
        catch (IOException error)
        {
            throw Describe(path, error);
        }
    }

    private static bool IsSystemError(Exception error) =>
        error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException;

    private static DataFormatException Describe(string path, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => new DataFormatException($"{path}: file not found", error),
        UnauthorizedAccessException => new DataFormatException($"{path}: {(Directory.Exists(path) ? "is a directory, expected a file" : "permission denied")}", error),
        _ => new DataFormatException($"{path}: cannot be read: {error.Message}", error),
    };
}
