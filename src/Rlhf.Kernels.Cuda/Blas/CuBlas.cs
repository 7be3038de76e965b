using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>
/// NVIDIA's matrix products, where the machine has them: libcublas of CUDA 11, 12 or 13, or what RLHF_CUBLAS_LIBRARY names ("none" for
/// no library). Nothing depends on it being there: kernels/sequence/linear_gemm.cu does the same work, slower.
/// </summary>
public static class CuBlas
{
    /// <summary>The environment variable that names the library.</summary>
    public const string LibraryVariable = "RLHF_CUBLAS_LIBRARY";

    private static readonly Lazy<CuBlasApi?> Library = new(Load);

    /// <summary>Whether the library is there. Never throws.</summary>
    public static bool IsAvailable => Library.Value is not null;

    /// <summary>The library, by the name it was loaded by; empty where there is none.</summary>
    public static string Path => Library.Value?.Path ?? "";

    /// <summary>The functions, or null.</summary>
    internal static CuBlasApi? Api => Library.Value;

    private static CuBlasApi? Load()
    {
        string? chosen = Environment.GetEnvironmentVariable(LibraryVariable);
        string[] names = chosen is { Length: > 0 } ? [chosen]
            : OperatingSystem.IsWindows() ? ["cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"]
            : ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11"];
        foreach (string name in names)
        {
            if (name != "none" && NativeLibrary.TryLoad(name, out nint library))
            {
                if (CuBlasApi.TryCreate(library, name) is { } api)
                {
                    return api;
                }

                NativeLibrary.Free(library);
            }
        }

        return null;
    }
}
