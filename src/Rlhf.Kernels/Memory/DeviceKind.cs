namespace Rlhf.Kernels.Memory;

/// <summary>Where the memory behind a view lives.</summary>
public enum DeviceKind : byte
{
    /// <summary>Host memory, readable by the processor.</summary>
    Cpu = 0,

    /// <summary>Memory of a CUDA device.</summary>
    Cuda = 1,
}
