using Rlhf.Kernels.Cuda.Sequence;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>
/// The matrix products of the fused head on one stream: cuBLAS where it is there and takes the types and strides, else our own kernel.
/// C is f32; A and B are of the head's storage type.
/// </summary>
internal sealed class HeadGemm(CudaLauncher cuda) : IDisposable
{
    private const int Tile = 128;

    private readonly CuBlasApi? _api = CuBlas.For(cuda.Device.Driver);
    private CuBlasHandle? _library;

    /// <summary>Whether cuBLAS is used where it is there and can be.</summary>
    public bool UseLibrary { get; set; } = true;

    /// <summary>Whether products of this storage type go to cuBLAS: bf16 needs sm_80 there.</summary>
    public bool UsesLibrary<T>()
        where T : unmanaged => UseLibrary && _api is not null && (typeof(T) != typeof(BFloat16) || cuda.Architecture >= 80);

    /// <summary>C [m, n] = alpha · op(A) op(B), or C += it. Forms: A as it is and B transposed, both as they are, A transposed.</summary>
    public void Multiply<T>(
        int m, int n, int k, in HeadOperand a, in HeadOperand b, DeviceView c, float alpha = 1f, bool accumulate = false)
        where T : unmanaged
    {
        if (m == 0 || n == 0)
        {
            return;
        }

        if (k > 0 && UsesLibrary<T>() && Fits(a.View, a.Cols) && Fits(b.View, b.Cols) && Fits(c, n))
        {
            cuda.RefuseInPlan("the fused head with cuBLAS");
            _library ??= new CuBlasHandle(_api!, cuda.Stream);
            _library.Multiply(Type<T>(), m, n, k, a, b, c, alpha, accumulate);
            return;
        }

        LinearGemmParams parameters = new()
        {
            A = a.View,
            B = b.View,
            C = c,
            M = m,
            N = n,
            K = k,
            Accumulate = accumulate ? 1 : 0,
            Alpha = alpha,
        };
        long blocks = (long)Tiles(m) * Tiles(n);
        cuda.Launch(cuda.Function("sequence/linear_gemm", Entry<T>(a.Transposed, b.Transposed)), blocks, parameters);
    }

    public void Dispose() => _library?.Dispose();

    // The library's leading dimension is a 32-bit number, and not shorter than a row.
    private static bool Fits(DeviceView view, int cols) => view.Stride >= cols && view.Stride <= int.MaxValue;

    private static int Tiles(int size) => (int)(((long)size + Tile - 1) / Tile);

    private static CuBlasType Type<T>() =>
        typeof(T) == typeof(float) ? CuBlasType.F32 : typeof(T) == typeof(BFloat16) ? CuBlasType.BF16 : CuBlasType.F16;

    private static string Entry<T>(bool aTransposed, bool bTransposed)
        where T : unmanaged => (aTransposed, bTransposed, Dtype.Suffix<T>()) switch
        {
            (false, true, "f32") => "rlhf_linear_gemm_nt_f32",
            (false, true, "bf16") => "rlhf_linear_gemm_nt_bf16",
            (false, true, _) => "rlhf_linear_gemm_nt_f16",
            (false, false, "f32") => "rlhf_linear_gemm_nn_f32",
            (false, false, "bf16") => "rlhf_linear_gemm_nn_bf16",
            (false, false, _) => "rlhf_linear_gemm_nn_f16",
            (true, false, "f32") => "rlhf_linear_gemm_tn_f32",
            (true, false, "bf16") => "rlhf_linear_gemm_tn_bf16",
            (true, false, _) => "rlhf_linear_gemm_tn_f16",
            _ => throw new ArgumentException("a product of two transposes has no kernel"),
        };
}
