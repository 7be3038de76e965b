namespace Rlhf.Kernels.Cuda;

/// <summary>A loaded entry, and what the compiler says of it.</summary>
internal sealed class CudaFunction
{
    public required string Module { get; init; }

    public required string Entry { get; init; }

    /// <summary>CUfunction.</summary>
    public required nint Handle { get; init; }

    /// <summary>Threads of a block: the launch bound.</summary>
    public required int Threads { get; init; }

    /// <summary>Static shared memory.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Registers a thread.</summary>
    public required int Registers { get; init; }

    /// <summary>Local memory a thread: spills and arrays that did not fit registers.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>The entry's name for NVTX, zero-terminated; lives as long as the process.</summary>
    public required nint Label { get; init; }

    /// <summary>Most dynamic shared memory that was allowed so far.</summary>
    public required int DynamicSharedLimit { get; set; }

    /// <summary>Whether a cluster of more than 8 blocks was allowed.</summary>
    public bool LargeClusters { get; set; }
}
