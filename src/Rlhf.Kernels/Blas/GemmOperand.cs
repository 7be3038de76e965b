namespace Rlhf.Kernels.Blas;

/// <summary>A factor of a matrix product: rows in memory lie <paramref name="stride"/> apart; transposed, its columns do.</summary>
internal readonly unsafe struct GemmOperand(float* pointer, long stride, bool transposed = false)
{
    public float* Pointer { get; } = pointer;

    public long Stride { get; } = stride;

    public bool Transposed { get; } = transposed;
}
