namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>
/// How a row that exceeds one block's shared memory is dealt out to a cluster: whole segments to each block, which are the unit of
/// summation (kSegmentPacks of softmax_row.cuh), so that the split changes no bit.
/// </summary>
/// <param name="Blocks">Blocks of the cluster.</param>
/// <param name="SharedBytes">Dynamic shared memory of each.</param>
internal readonly record struct ClusterShape(int Blocks, int SharedBytes)
{
    // kRowThreads threads with 4 packs of 16 bytes and one state of 12; a few static sums beside them.
    private const int Threads = 1024, SegmentBytes = Threads * 4 * 16, StateBytes = Threads * 12, StaticBytes = 4096;

    // More than 8 blocks are not portable over devices.
    private const int MaxBlocks = 8, FirstArchitecture = 90;

    /// <summary>The shape for a row, where the device has clusters and the row fits one.</summary>
    public static unsafe bool TryFit<T>(CudaLauncher cuda, int vocab, out ClusterShape shape)
        where T : unmanaged
    {
        long segments = (((long)vocab * sizeof(T)) + SegmentBytes - 1) / SegmentBytes;
        long each = (segments + MaxBlocks - 1) / MaxBlocks, bytes = each * (SegmentBytes + StateBytes);
        bool fits = cuda.Architecture >= FirstArchitecture && !RowShape.IsShort(vocab) && bytes + StaticBytes <= cuda.SharedBytesPerBlock;
        shape = fits ? new ClusterShape((int)((segments + each - 1) / each), (int)bytes) : default;
        return fits;
    }
}
