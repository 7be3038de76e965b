using System.Runtime.InteropServices;

namespace Rlhf.Kernels;

/// <summary>Where the project's own native libraries are looked for, and how they are loaded.</summary>
public static class NativeFolders
{
    /// <summary>The environment variable that names a folder of them.</summary>
    public const string Variable = "RLHF_NATIVE_DIR";

    /// <summary>
    /// In order: what <see cref="Variable"/> names, the application's folder, and <c>build/native</c> of that folder and of every one above it
    /// that has it (a program that runs from its source tree).
    /// </summary>
    public static IEnumerable<string> Search()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen)
            yield return chosen;
        yield return AppContext.BaseDirectory;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string build = Path.Combine(folder.FullName, "build", "native");
            if (Directory.Exists(build))
                yield return build;
        }
    }

    /// <summary>Loads a library from the first folder that has it. Never throws.</summary>
    /// <param name="file">Its file name.</param>
    /// <param name="beneath">The library that it is built on.</param>
    /// <param name="package">The Debian package that provides that one.</param>
    /// <returns>The handle; or 0 and one line that says what is missing, the places searched and what provides it.</returns>
    public static (nint Handle, string? Error) Load(string file, string beneath, string package)
    {
        List<string> searched = [];
        foreach (string folder in Search())
        {
            string path = Path.Combine(folder, file);
            if (!File.Exists(path))
            {
                searched.Add(folder);
                continue;
            }

            try
            {
                return (NativeLibrary.Load(path), null);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // The file is there but something under it is not: the loader's own words name it.
                string reason = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
                return (0, $"{path} does not load: {reason} (Debian package {package} provides {beneath})");
            }
        }

        return (0, $"{file} was not found in {string.Join(", ", searched)}; build it with "
            + $"'cmake -S . -B build/native && cmake --build build/native' (Debian package {package}), or set {Variable}");
    }
}
