namespace Rlhf.Kernels.Cuda.Blas;

/// <summary>Storage types by cudaDataType's numbers.</summary>
internal enum CuBlasType
{
    F32 = 0,
    F16 = 2,
    BF16 = 14,
}
