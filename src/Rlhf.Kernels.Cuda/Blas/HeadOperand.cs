namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>One side of a product: a row-major matrix as it lies in memory, and whether its transpose is meant.</summary>
internal readonly struct HeadOperand(DeviceView view, int cols, bool transposed = false)
{
    public DeviceView View { get; } = view;

    /// <summary>Columns as it lies in memory.</summary>
    public int Cols { get; } = cols;

    public bool Transposed { get; } = transposed;
}
