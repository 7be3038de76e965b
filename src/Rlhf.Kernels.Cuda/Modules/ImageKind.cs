namespace Rlhf.Kernels.Cuda.Modules;

/// <summary>What a module is compiled to.</summary>
public enum ImageKind
{
    /// <summary>Text that the driver compiles for its device; newer devices take it too.</summary>
    Ptx,

    /// <summary>Machine code of one architecture.</summary>
    Cubin,
}
