namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>What the emulator saw of one entry in one kernel call; bytes are those of one launch on average.</summary>
internal sealed record TrafficRow
{
    public required string Entry { get; init; }

    public required string Workload { get; init; }

    public required int[] Shape { get; init; }

    /// <summary>Whether the call launches nothing else, so that its least bytes are the entry's.</summary>
    public required bool Alone { get; init; }

    public required int Threads { get; init; }

    public required int DynamicShared { get; init; }

    public required int Cluster { get; init; }

    public required long Launches { get; init; }

    public required long Blocks { get; init; }

    /// <summary>Least bytes of the call.</summary>
    public required double MinimumBytes { get; init; }

    public required double Flops { get; init; }

    public required double MatrixFlops { get; init; }

    /// <summary>Bytes of the different sectors that the launch touches.</summary>
    public required double CompulsoryBytes { get; init; }

    /// <summary>Bytes of all sectors of all warp accesses, as if there were no cache.</summary>
    public required double RawBytes { get; init; }

    /// <summary>Bytes between L2 and the memory, by the emulator's model.</summary>
    public required double DramBytes { get; init; }

    public required double SectorsPerRequest { get; init; }

    public required double BankConflicts { get; init; }

    public required int WidestRead { get; init; }
}
