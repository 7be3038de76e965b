using System.Runtime.InteropServices;

namespace Rlhf.Benchmarks.Harness;

/// <summary>The matrix product of the OpenBLAS that the kernels use, called directly: the floor under the fused head.</summary>
internal static unsafe partial class OpenBlas
{
    private const int RowMajor = 101, NoTrans = 111, Trans = 112;
    private const string Library = "libopenblas.so.0";

    /// <summary>Whether the library can be loaded.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Library, out _);

    /// <summary>The kernels it chose for this processor.</summary>
    public static string CoreName => IsAvailable ? Marshal.PtrToStringUTF8(GetCoreName()) ?? "unknown" : "not installed";

    /// <summary>Sets the size of its thread pool.</summary>
    public static void SetThreads(int threads)
    {
        if (IsAvailable)
        {
            SetNumThreads(threads);
        }
    }

    /// <summary>c [m, n] = a [m, k] · b [k, n] (+ c), row major, dense; either factor may be stored transposed.</summary>
    public static void Multiply(
        float* a, bool transposeA, float* b, bool transposeB, float* c, int m, int n, int k, bool accumulate) => Sgemm(
        RowMajor, transposeA ? Trans : NoTrans, transposeB ? Trans : NoTrans, m, n, k,
        1f, a, transposeA ? m : k, b, transposeB ? k : n, accumulate ? 1f : 0f, c, n);

    [LibraryImport(Library, EntryPoint = "cblas_sgemm")]
    private static partial void Sgemm(
        int order, int transA, int transB, int m, int n, int k, float alpha, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc);

    [LibraryImport(Library, EntryPoint = "openblas_set_num_threads")]
    private static partial void SetNumThreads(int threads);

    [LibraryImport(Library, EntryPoint = "openblas_get_corename")]
    private static partial nint GetCoreName();
}
