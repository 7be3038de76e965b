namespace Rlhf.Kernels.Cuda.Driver;

/// <summary>A call of the CUDA driver or of its compiler failed, or one of them is missing. The message is one line.</summary>
public sealed class CudaException : Exception
{
    /// <summary>With the driver's status; 0 where no call was made.</summary>
    public CudaException(string message, int status = 0)
        : base(message) => Status = status;

    /// <summary>The driver's result code (CUresult); 0 where no call was made.</summary>
    public int Status { get; }
}
