using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Blas;

/// <summary>Single-precision matrix products: OpenBLAS where it may be used and is there, else <see cref="ManagedGemm"/>.</summary>
internal readonly unsafe struct Gemm(SimdRunner runner, bool useBlas)
{
    public bool UsesBlas => useBlas && OpenBlas.IsAvailable;

    /// <summary>C [m, n] = op(A) [m, k] op(B) [k, n], or added to C; row major.</summary>
    public void Multiply(int m, int n, int k, in GemmOperand a, in GemmOperand b, float* c, long stride, bool accumulate)
    {
        if (UsesBlas && Math.Max(stride, Math.Max(a.Stride, b.Stride)) <= int.MaxValue)
        {
            OpenBlas.Threads = runner.Team.Threads;
            OpenBlas.Multiply(m, n, k, a, b, c, stride, accumulate);
        }
        else
        {
            ManagedGemm.Multiply(runner, m, n, k, a, b, c, stride, accumulate);
        }
    }
}
