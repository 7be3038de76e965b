using System.Reflection;
using System.Runtime.InteropServices;

namespace Rlhf.Environments.Mujoco.Native;

/// <summary>Finds and loads librlhf_mujoco once.</summary>
internal static class MujocoLoader
{
    internal const string LibraryName = "rlhf_mujoco";
    private const string FileName = "librlhf_mujoco.so";
    private static readonly Lazy<(nint Handle, string? Error)> Library = new(Load);

    /// <summary>Null when the library is there; otherwise one line with the places searched and what provides it.</summary>
    internal static string? Error => Library.Value.Error;

    /// <summary>A function of the library or of libmujoco under it, for measurements beside MuJoCo alone.</summary>
    internal static nint Export(string name) => NativeLibrary.GetExport(Library.Value.Handle, name);

    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == LibraryName ? Library.Value.Handle : 0;

    private static (nint Handle, string? Error) Load()
    {
        List<string> tried = [];
        foreach (string folder in Folders())
        {
            string file = Path.Combine(folder, FileName);
            if (!File.Exists(file))
            {
                tried.Add(folder);
                continue;
            }

            try
            {
                return (NativeLibrary.Load(file), null);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // The file is there but something under it is not: the loader's own words name it (libmujoco, most often).
                string reason = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
                return (0, $"{file} does not load: {reason} (Debian package libmujoco-dev provides libmujoco)");
            }
        }

        return (0, $"{FileName} was not found in {string.Join(", ", tried)}; build it with "
            + "'cmake -S . -B build/native && cmake --build build/native' (Debian package libmujoco-dev), or set RLHF_NATIVE_DIR");
    }

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("RLHF_NATIVE_DIR") is { Length: > 0 } chosen)
            yield return chosen;
        string home = AppContext.BaseDirectory;
        yield return home;
        for (DirectoryInfo? folder = new(home); folder is not null; folder = folder.Parent)
        {
            string build = Path.Combine(folder.FullName, "build", "native");
            if (Directory.Exists(build))
                yield return build;
        }
    }
}
