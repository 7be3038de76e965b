using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>
/// Compiled images on disk. The key is all that the image depends on, so entries never become stale; a damaged one counts as
/// absent, and a folder that cannot be written is no error.
/// </summary>
internal sealed class KernelCache(string folder)
{
    private const int HashBytes = 32;

    // Changes with the layout: 32 bytes of hash over the rest, length of the log, log, image.
    private const string Suffix = ".v1";

    public static KernelCache Default { get; } = new(DefaultFolder());

    public string Folder => folder;

    public static string Key(
        Version compiler, string module, string text, IReadOnlyList<(string Name, string Text)> headers, IReadOnlyList<string> options)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string part in new[] { compiler.ToString(), module, text }.Concat(headers.SelectMany(h => new[] { h.Name, h.Text })).Concat(options))
        {
            // The length keeps parts apart: "ab", "c" is not "a", "bc".
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public bool TryRead(string key, out byte[] image, out string log)
    {
        (image, log) = ([], "");
        try
        {
            byte[] file = File.ReadAllBytes(PathOf(key));
            if (file.Length < HashBytes + sizeof(int) || !SHA256.HashData(file.AsSpan(HashBytes)).AsSpan().SequenceEqual(file.AsSpan(0, HashBytes)))
            {
                return false;
            }

            int logLength = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(HashBytes));
            int at = HashBytes + sizeof(int);
            log = Encoding.UTF8.GetString(file, at, logLength);
            image = file[(at + logLength)..];
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    public void Write(string key, byte[] image, string log)
    {
        byte[] text = Encoding.UTF8.GetBytes(log), file = new byte[HashBytes + sizeof(int) + text.Length + image.Length];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(HashBytes), text.Length);
        text.CopyTo(file, HashBytes + sizeof(int));
        image.CopyTo(file, HashBytes + sizeof(int) + text.Length);
        SHA256.HashData(file.AsSpan(HashBytes), file);
        try
        {
            // Written aside and renamed: a reader sees a whole file or none, whoever else compiles at the same time.
            Directory.CreateDirectory(folder);
            string aside = Path.Combine(folder, $"{key}.{Path.GetRandomFileName()}");
            File.WriteAllBytes(aside, file);
            File.Move(aside, PathOf(key), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // The next process compiles again.
        }
    }

    internal string PathOf(string key) => Path.Combine(folder, key + Suffix);

    private static string DefaultFolder()
    {
        string root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } chosen && Path.IsPathRooted(chosen)
            ? chosen
            : OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(root.Length > 0 ? root : Path.GetTempPath(), "rlhf", "kernels");
    }
}
