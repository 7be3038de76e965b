using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>
/// NVIDIA's matrix products, where the machine has them: libcublas of CUDA 11, 12 or 13, or what RLHF_CUBLAS_LIBRARY names ("none" for
/// no library). Nothing depends on it being there: kernels/sequence/linear_gemm.cu does the same work, slower.
/// </summary>
public static class CuBlas
{
    /// <summary>The environment variable that names the library.</summary>
    public const string LibraryVariable = "RLHF_CUBLAS_LIBRARY";

    private const string EmulatorLibrary = "librlhf_simt_cublas.so";

    private static readonly Lazy<CuBlasApi?> Library = new(LoadDefault);
    private static readonly ConcurrentDictionary<string, CuBlasApi?> Beside = new();

    /// <summary>Whether the library is there. Never throws.</summary>
    public static bool IsAvailable => Library.Value is not null;

    /// <summary>The library, by the name it was loaded by; empty where there is none.</summary>
    public static string Path => Library.Value?.Path ?? "";

    /// <summary>
    /// The functions for devices of a driver, or null. NVIDIA's library cannot work on the emulator's memory: there it is the stand-in
    /// beside the emulator, where none was named.
    /// </summary>
    internal static CuBlasApi? For(CudaDriver driver) => driver.IsEmulator && Named is null
        ? Beside.GetOrAdd(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(driver.Path) ?? "", EmulatorLibrary), Load)
        : Library.Value;

    private static string? Named => Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } name ? name : null;

    private static CuBlasApi? LoadDefault()
    {
        string[] names = Named is { } chosen ? [chosen]
            : OperatingSystem.IsWindows() ? ["cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"]
            : ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11"];
        return names.Where(name => name != "none").Select(Load).FirstOrDefault(api => api is not null);
    }

    private static CuBlasApi? Load(string name)
    {
        if (!NativeLibrary.TryLoad(name, out nint library))
        {
            return null;
        }

        CuBlasApi? api = CuBlasApi.TryCreate(library, name);
        if (api is null)
        {
            NativeLibrary.Free(library);
        }

        return api;
    }
}
