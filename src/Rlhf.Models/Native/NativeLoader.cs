using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Rlhf.Kernels;

namespace Rlhf.Models.Native;

/// <summary>Finds and loads librlhf_torch once, with the process environment set as OpenBLAS and OpenMP need it before they start.</summary>
internal static partial class NativeLoader
{
    internal const string LibraryName = "rlhf_torch";
    private static readonly Lazy<(nint Handle, string? Error)> Library = new(Load);

    /// <summary>Null when the library is there; otherwise one line with the places searched and what provides it.</summary>
    internal static string? Error => Library.Value.Error;

    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == LibraryName ? Library.Value.Handle : 0;

    private static (nint Handle, string? Error) Load()
    {
        PrepareEnvironment();
        return NativeFolders.Load("librlhf_torch.so", "libtorch", "libtorch-dev");
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
