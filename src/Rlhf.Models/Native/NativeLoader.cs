using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Rlhf.Models.Native;

/// <summary>Finds and loads librlhf_torch once, with the process environment set as OpenBLAS and OpenMP need it before they start.</summary>
internal static partial class NativeLoader
{
    internal const string LibraryName = "rlhf_torch";
    private const string FileName = "librlhf_torch.so";
    private static readonly Lazy<(nint Handle, string? Error)> Library = new(Load);

    /// <summary>Null when the library is there; otherwise one line with the places searched and what provides it.</summary>
    internal static string? Error => Library.Value.Error;

    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == LibraryName ? Library.Value.Handle : 0;

    private static (nint Handle, string? Error) Load()
    {
        PrepareEnvironment();
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
                // The file is there but something under it is not: the loader's own words name it (libtorch, most often).
                string reason = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
                return (0, $"{file} does not load: {reason} (Debian package libtorch-dev provides libtorch)");
            }
        }

        return (0, $"{FileName} was not found in {string.Join(", ", tried)}; build it with "
            + "'cmake -S . -B build/native && cmake --build build/native' (Debian package libtorch-dev), or set RLHF_NATIVE_DIR");
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

    /// <summary>
    /// OpenBLAS 0.3.21 does not know newer CPUs and then runs SSE3 kernels, six times slower. OpenMP's workers spin for milliseconds after each
    /// parallel region by default, against the managed workers that run in between (sampling, heads, optimizer). What the user set stays.
    /// </summary>
    private static void PrepareEnvironment()
    {
        if (Avx512F.IsSupported)
            SetUnlessSet("OPENBLAS_CORETYPE", "SkylakeX");
        else if (Avx2.IsSupported)
            SetUnlessSet("OPENBLAS_CORETYPE", "Haswell");
        SetUnlessSet("OMP_WAIT_POLICY", "PASSIVE");
    }

    private static void SetUnlessSet(string name, string value)
    {
        // Environment.SetEnvironmentVariable does not reach native code on Linux.
        if (OperatingSystem.IsLinux())
            _ = SetEnv(name, value, overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
