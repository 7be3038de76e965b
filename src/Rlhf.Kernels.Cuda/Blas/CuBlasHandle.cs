using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>
/// A cuBLAS handle on one stream, with a workspace of our own: the library then allocates nothing at a call, so that calls can be
/// captured in a graph, and gives the same bits for the same shapes on every run.
/// </summary>
internal sealed unsafe class CuBlasHandle : IDisposable
{
    // What NVIDIA recommends for Hopper, and for what came before.
    private const int HopperWorkspace = 32 << 20, Workspace = 8 << 20;

    private readonly CuBlasApi _api;
    private readonly CudaStream _stream;
    private readonly DeviceScratch _workspace;
    private nint _handle;

    public CuBlasHandle(CuBlasApi api, CudaStream stream)
    {
        // Reductions of 16-bit products stay in f32; never TF32 for f32 (see the compute type).
        const int NoReducedPrecisionReduction = 16;
        _api = api;
        _stream = stream;
        _workspace = new DeviceScratch(stream, "cuBLAS");
        int bytes = stream.Device.Architecture >= 90 ? HopperWorkspace : Workspace;

        // First, as it says so when the stream captures, where the library could not be set up either.
        nint workspace = _workspace.Get(bytes), handle;
        stream.Device.MakeCurrent();
        api.Check(api.Create(&handle), "cublasCreate");
        _handle = handle;
        api.Check(api.SetStream(handle, stream.Handle), "cublasSetStream");
        api.Check(api.SetWorkspace(handle, workspace, (nuint)bytes), "cublasSetWorkspace");
        api.Check(api.SetMathMode(handle, NoReducedPrecisionReduction), "cublasSetMathMode");
    }

    /// <summary>C [m, n] = alpha · op(A) op(B), or C += it, row major; A and B of one type, C and the sums f32.</summary>
    public void Multiply(CuBlasType type, int m, int n, int k, in HeadOperand a, in HeadOperand b, DeviceView c, float alpha, bool accumulate)
    {
        const int F32 = 0, Compute32F = 68, Compute32FPedantic = 69, DefaultAlgorithm = -1;
        float beta = accumulate ? 1f : 0f;
        _stream.Device.EnsureCurrent();

        // The library is column major: it sees each matrix transposed, and Cᵀ = op(B)ᵀ op(A)ᵀ has the operands the other way round.
        int status = _api.GemmEx(
            _handle, b.Transposed ? 1 : 0, a.Transposed ? 1 : 0, n, m, k, &alpha, b.View.Data, (int)type, (int)b.View.Stride, a.View.Data, (int)type,
            (int)a.View.Stride, &beta, c.Data, F32, (int)c.Stride, type == CuBlasType.F32 ? Compute32FPedantic : Compute32F, DefaultAlgorithm);
        _api.Check(status, "cublasGemmEx");
    }

    public void Dispose()
    {
        if (_handle != 0 && _stream.Device.TryMakeCurrent())
        {
            _ = _api.Destroy(_handle);
        }

        _handle = 0;
        _workspace.Dispose();
    }
}
