using System.Runtime.InteropServices;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>LinearGemmParams of kernels/sequence/linear_gemm.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinearGemmParams
{
    public DeviceView A;
    public DeviceView B;
    public DeviceView C;
    public int M;
    public int N;
    public int K;
    public int Accumulate;
    public float Alpha;
}
