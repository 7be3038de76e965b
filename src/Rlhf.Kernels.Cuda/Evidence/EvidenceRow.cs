namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>What is known of one entry on one architecture: the compiler's figures, and the emulator's at one shape.</summary>
public sealed record EvidenceRow
{
    /// <summary>The entry, e.g. rlhf_ppo_from_logits_bf16.</summary>
    public required string Name { get; init; }

    /// <summary>The module that it is in.</summary>
    public required string Module { get; init; }

    /// <summary>Storage type.</summary>
    public required string Dtype { get; init; }

    /// <summary>80 for sm_80.</summary>
    public required int Arch { get; init; }

    /// <summary>Registers a thread.</summary>
    public int? Registers { get; init; }

    /// <summary>Bytes of spilled registers, stored and loaded.</summary>
    public int? Spills { get; init; }

    /// <summary>Stack frame a thread.</summary>
    public int? StackBytes { get; init; }

    /// <summary>Shared memory a block: static, and dynamic at the shape.</summary>
    public int? SharedBytes { get; init; }

    /// <summary>Threads a block.</summary>
    public int? Threads { get; init; }

    /// <summary>Resident warps over the most a multiprocessor holds.</summary>
    public double? Occupancy { get; init; }

    /// <summary>Widest load from global memory in PTX.</summary>
    public int? WidestLoadBytes { get; init; }

    /// <summary>The same in machine code, where a disassembler is there.</summary>
    public int? WidestLoadSass { get; init; }

    /// <summary>Accesses of local memory in PTX, or in machine code where it was read.</summary>
    public int? LocalAccesses { get; init; }

    /// <summary>Atomic operations on floating-point numbers in PTX.</summary>
    public int? FloatAtomics { get; init; }

    /// <summary>Kind of call that launched it.</summary>
    public string? Workload { get; init; }

    /// <summary>Its shape.</summary>
    public string? Shape { get; init; }

    /// <summary>Blocks of a launch.</summary>
    public long? Blocks { get; init; }

    /// <summary>Bytes between L2 and memory by the emulator's model, a launch.</summary>
    public double? BytesMoved { get; init; }

    /// <summary>Least bytes that any implementation moves.</summary>
    public double? BytesMinimum { get; init; }

    /// <summary>The former over the latter.</summary>
    public double? BytesOverMinimum { get; init; }

    /// <summary>Bytes of different sectors that a launch touches: the least for this kernel's accesses.</summary>
    public double? BytesCompulsory { get; init; }

    /// <summary>Bytes of the sectors of every access by itself: no cache at all.</summary>
    public double? BytesRaw { get; init; }

    /// <summary>Sectors of 32 bytes an access of a warp.</summary>
    public double? SectorsPerRequest { get; init; }

    /// <summary>Passes through shared memory beyond the first, a launch.</summary>
    public double? BankConflicts { get; init; }

    /// <summary>Arithmetic of the call, where this entry is all of it.</summary>
    public double? Flops { get; init; }

    /// <summary>Predicted time on <see cref="PredictedOn"/>.</summary>
    public double? PredictedUs { get; init; }

    /// <summary>The product that stands for the architecture; null where none does.</summary>
    public string? PredictedOn { get; init; }

    /// <summary>Largest ratio of bytes over minimum that is allowed; null: none is set.</summary>
    public double? Limit { get; init; }

    /// <summary>The ratio at other shapes.</summary>
    public IReadOnlyList<ShapeTraffic> OtherShapes { get; init; } = [];

    /// <summary>Limits that are not met; empty: all hold.</summary>
    public IReadOnlyList<string> Broken { get; init; } = [];

    /// <summary>Whether each of them has its reason in <see cref="Note"/>.</summary>
    public bool Explained { get; init; } = true;

    /// <summary>What explains figures that stand out.</summary>
    public string? Note { get; init; }
}
