using System.Runtime.InteropServices;

namespace Rlhf.Models.Checkpoints;

/// <summary>
/// Writes that survive a crash: a file appears whole or not at all. The content is written aside, flushed to the disk, renamed, and
/// the directory that holds the name is flushed too.
/// </summary>
internal static partial class DurableFile
{
    private const int AtCurrentDirectory = -100;
    private const uint ExchangeNames = 2;

    public static void Write(string path, Action<Stream> write)
    {
        string aside = $"{path}.tmp-{Guid.NewGuid():n}";
        try
        {
            using (FileStream stream = new(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }

        FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Puts a finished directory in the place of another, which is removed.</summary>
    public static void ReplaceDirectory(string finished, string target)
    {
        string parent = Path.GetDirectoryName(target)!;
        if (!Directory.Exists(target))
        {
            Directory.Move(finished, target);
            FlushDirectory(parent);
            return;
        }

        if (!TryExchange(finished, target))
        {
            // Without an atomic exchange there is a moment with no directory under the name; both versions are whole beside it.
            string old = $"{target}.old-{Guid.NewGuid():n}";
            Directory.Move(target, old);
            Directory.Move(finished, target);
            finished = old;
        }

        FlushDirectory(parent);
        Directory.Delete(finished, recursive: true);
    }

    /// <summary>Makes new names in a directory durable. Windows has no such call and needs none.</summary>
    public static void FlushDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = OpenDirectory(directory, 0);
        if (descriptor < 0)
            throw new IOException($"{directory}: cannot be opened to flush it: {Marshal.GetLastPInvokeErrorMessage()}");
        int status = Flush(descriptor);
        string message = status == 0 ? "" : Marshal.GetLastPInvokeErrorMessage();
        _ = Close(descriptor);
        if (status != 0)
            throw new IOException($"{directory}: cannot be flushed: {message}");
    }

    private static bool TryExchange(string a, string b)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            return RenameAt(AtCurrentDirectory, a, AtCurrentDirectory, b, ExchangeNames) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);
}
