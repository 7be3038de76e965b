namespace Rlhf.Kernels.Cuda.Evidence;

/// <summary>
/// What a multiprocessor holds, by architecture (CUDA C++ Programming Guide, technical specifications per compute capability): warps,
/// blocks, shared memory with the unit it is given out in, and what the system keeps of each block's.
/// </summary>
internal readonly record struct ArchitectureLimits(int Architecture, int Warps, int Blocks, int SharedBytes, int SharedUnit, int ReservedBytes)
{
    private const int KiB = 1024;

    /// <summary>Every architecture that the kernels are for.</summary>
    public static IReadOnlyList<ArchitectureLimits> All { get; } =
    [
        new(70, 64, 32, 96 * KiB, 256, 0),
        new(75, 32, 16, 64 * KiB, 256, 0),
        new(80, 64, 32, 164 * KiB, 128, KiB),
        new(86, 48, 16, 100 * KiB, 128, KiB),
        new(89, 48, 24, 100 * KiB, 128, KiB),
        new(90, 64, 32, 228 * KiB, 128, KiB),
    ];

    /// <summary>Limits of an architecture.</summary>
    /// <exception cref="ArgumentException">It is not one of <see cref="All"/>.</exception>
    public static ArchitectureLimits Of(int architecture)
    {
        ArchitectureLimits found = All.FirstOrDefault(limits => limits.Architecture == architecture);
        return found.Architecture == architecture
            ? found
            : throw new ArgumentException($"no limits are known of sm_{architecture}, expected one of {string.Join(", ", All.Select(limits => limits.Architecture))}");
    }

    /// <summary>Blocks of a kernel that a multiprocessor holds at once.</summary>
    public int ResidentBlocks(int threads, int registers, int sharedBytes)
    {
        const int WarpThreads = 32, Parts = 4, RegistersOfPart = 16 * KiB, RegisterUnit = 256;
        int warps = (threads + WarpThreads - 1) / WarpThreads;
        int blocks = Math.Min(Blocks, Warps / warps);
        if (registers > 0)
        {
            // Registers are given to a warp in units, and a block takes as many warps of each of the four parts.
            int perWarp = RoundUp(registers * WarpThreads, RegisterUnit);
            blocks = Math.Min(blocks, RegistersOfPart / perWarp * Parts / RoundUp(warps, Parts));
        }

        int shared = RoundUp(sharedBytes + ReservedBytes, SharedUnit);
        return shared > 0 ? Math.Min(blocks, SharedBytes / shared) : blocks;
    }

    /// <summary>Resident warps over the most that there can be.</summary>
    public double Occupancy(int threads, int registers, int sharedBytes) =>
        (double)ResidentBlocks(threads, registers, sharedBytes) * ((threads + 31) / 32) / Warps;

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
