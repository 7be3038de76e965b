using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Rlhf.Kernels.Blas;

/// <summary>
/// OpenBLAS, where the machine has it: the matrix products of the fused head. Nothing depends on it being there
/// (<see cref="ManagedGemm"/> does the same work). The library and its thread pool are the ones that libtorch uses.
/// </summary>
public static unsafe partial class OpenBlas
{
    private const int RowMajor = 101, AsIs = 111, Transposed = 112;

    // libblas.so.3 may be any BLAS: it counts only where it has OpenBLAS's own entries.
    private static readonly string[] Names = ["libopenblas.so.0", "libopenblas", "libblas.so.3"];

    private static readonly Lazy<Entries?> Library = new(Load);

    /// <summary>Whether the library is there. Never throws.</summary>
    public static bool IsAvailable => Library.Value is not null;

    /// <summary>The kernels that OpenBLAS chose for this processor, e.g. "SkylakeX" or "Zen"; empty where there is no OpenBLAS.</summary>
    public static string CoreName => Library.Value is { } library ? Marshal.PtrToStringUTF8(library.CoreName()) ?? "" : "";

    /// <summary>Threads of OpenBLAS's pool, for the whole process; 0 where there is no OpenBLAS.</summary>
    public static int Threads
    {
        get => Library.Value is { } library ? library.GetThreads() : 0;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);

            // Setting, unlike asking, takes the pool's lock.
            if (Library.Value is { } library && library.GetThreads() != value)
            {
                library.SetThreads(value);
            }
        }
    }

    /// <summary>C = op(A) op(B), or C += op(A) op(B); row major. Only where <see cref="IsAvailable"/>.</summary>
    internal static void Multiply(int m, int n, int k, in GemmOperand a, in GemmOperand b, float* c, long stride, bool accumulate) =>
        Library.Value!.Sgemm(
            RowMajor,
            a.Transposed ? Transposed : AsIs,
            b.Transposed ? Transposed : AsIs,
            m, n, k, 1f, a.Pointer, (int)a.Stride, b.Pointer, (int)b.Stride, accumulate ? 1f : 0f, c, (int)stride);

    private static Entries? Load()
    {
        PreferCoreType();
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle))
            {
                if (Entries.TryCreate(handle) is { } entries)
                {
                    return entries;
                }

                NativeLibrary.Free(handle);
            }
        }

        return null;
    }

    // OpenBLAS takes a processor that is newer than itself for an SSE3 one and runs at a sixth of the speed. It reads this variable
    // when it is loaded, from the C environment, which .NET's own setter does not reach. A user's value stays.
    private static void PreferCoreType()
    {
        if (OperatingSystem.IsLinux() && CoreType() is { } coreType)
        {
            SetEnvironment("OPENBLAS_CORETYPE", coreType, overwrite: 0);
        }
    }

    /// <summary>The right kernels by instruction set; null where OpenBLAS finds them by itself (AMD's Zen 1 to 4, other architectures).</summary>
    private static string? CoreType()
    {
        if (!Avx2.IsSupported || !Fma.IsSupported)
        {
            return null;
        }

        var (eax, _, _, _) = X86Base.CpuId(1, 0);
        int family = (eax >> 8) & 0xF;
        family += family == 0xF ? (eax >> 20) & 0xFF : 0;
        var (_, vendor, _, _) = X86Base.CpuId(0, 0);
        const int Authentic = 0x68747541;
        bool knownAmd = vendor == Authentic && family is 0x17 or 0x19;
        return knownAmd ? null : Avx512F.IsSupported ? "SkylakeX" : "Haswell";
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    private sealed class Entries
    {
        public required delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> Sgemm { get; init; }

        public required delegate* unmanaged<int, void> SetThreads { get; init; }

        public required delegate* unmanaged<int> GetThreads { get; init; }

        public required delegate* unmanaged<nint> CoreName { get; init; }

        public static Entries? TryCreate(nint handle) =>
            NativeLibrary.TryGetExport(handle, "cblas_sgemm", out nint sgemm)
            && NativeLibrary.TryGetExport(handle, "openblas_set_num_threads", out nint set)
            && NativeLibrary.TryGetExport(handle, "openblas_get_num_threads", out nint get)
            && NativeLibrary.TryGetExport(handle, "openblas_get_corename", out nint core)
                ? new Entries
                {
                    Sgemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)sgemm,
                    SetThreads = (delegate* unmanaged<int, void>)set,
                    GetThreads = (delegate* unmanaged<int>)get,
                    CoreName = (delegate* unmanaged<nint>)core,
                }
                : null;
    }
}
