using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>The library's functions that are used, as pointers.</summary>
internal sealed unsafe class CuBlasApi
{
    private delegate* unmanaged<int, byte*> _statusText;

    private CuBlasApi(string path) => Path = path;

    public string Path { get; }

    public delegate* unmanaged<nint*, int> Create { get; private set; }

    public delegate* unmanaged<nint, int> Destroy { get; private set; }

    public delegate* unmanaged<nint, nint, int> SetStream { get; private set; }

    public delegate* unmanaged<nint, int, int> SetMathMode { get; private set; }

    public delegate* unmanaged<nint, nint, nuint, int> SetWorkspace { get; private set; }

    /// <summary>cublasGemmEx of CUDA 11 and later: the last but one argument is a cublasComputeType_t.</summary>
    public delegate* unmanaged<nint, int, int, int, int, int, void*, nint, int, int, nint, int, int, void*, nint, int, int, int, int, int> GemmEx { get; private set; }

    public static CuBlasApi? TryCreate(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "cublasCreate_v2", out nint create)
            || !NativeLibrary.TryGetExport(library, "cublasDestroy_v2", out nint destroy)
            || !NativeLibrary.TryGetExport(library, "cublasSetStream_v2", out nint setStream)
            || !NativeLibrary.TryGetExport(library, "cublasSetMathMode", out nint setMathMode)
            || !NativeLibrary.TryGetExport(library, "cublasSetWorkspace_v2", out nint setWorkspace)
            || !NativeLibrary.TryGetExport(library, "cublasGemmEx", out nint gemmEx))
        {
            return null;
        }

        // Since CUDA 11.4.
        _ = NativeLibrary.TryGetExport(library, "cublasGetStatusString", out nint statusText);
        return new CuBlasApi(path)
        {
            Create = (delegate* unmanaged<nint*, int>)create,
            Destroy = (delegate* unmanaged<nint, int>)destroy,
            SetStream = (delegate* unmanaged<nint, nint, int>)setStream,
            SetMathMode = (delegate* unmanaged<nint, int, int>)setMathMode,
            SetWorkspace = (delegate* unmanaged<nint, nint, nuint, int>)setWorkspace,
            GemmEx = (delegate* unmanaged<nint, int, int, int, int, int, void*, nint, int, int, nint, int, int, void*, nint, int, int, int, int, int>)gemmEx,
            _statusText = (delegate* unmanaged<int, byte*>)statusText,
        };
    }

    public void Check(int status, string function)
    {
        if (status != 0)
        {
            Throw(status, function);
        }
    }

    [DoesNotReturn]
    private void Throw(int status, string function)
    {
        string? text = _statusText is null ? null : Marshal.PtrToStringUTF8((nint)_statusText(status));
        throw new CudaException(
            $"{function} of {Path} failed: {text ?? $"cuBLAS status {status}"}; {CuBlas.LibraryVariable}=none does without the library", status);
    }
}
