namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>
/// How kernels over rows of logits are laid out: a block a row, or a warp for short rows. The vocabulary alone decides, never the
/// number of rows, so that a row has the same bits in any batch.
/// </summary>
internal static class RowShape
{
    // kShortRow of tuning.cuh.
    private const int ShortRow = 1024, Warp = 32, Access = 16;

    /// <summary>Whether a warp takes a row.</summary>
    public static bool IsShort(int vocab) => vocab <= ShortRow;

    /// <summary>Blocks for <paramref name="rows"/> rows of <paramref name="vocab"/> logits.</summary>
    public static long Blocks(CudaFunction function, int rows, int vocab)
    {
        int rowsPerBlock = IsShort(vocab) ? function.Threads / Warp : 1;
        return ((long)rows + rowsPerBlock - 1) / rowsPerBlock;
    }

    /// <summary>Dynamic shared memory that holds a row, where a block has so much beside the function's own; else 0.</summary>
    public static unsafe int SharedBytes<T>(CudaLauncher cuda, CudaFunction function, int vocab)
        where T : unmanaged
    {
        long bytes = (((long)vocab * sizeof(T)) + Access - 1) / Access * Access;
        return IsShort(vocab) || bytes + function.SharedBytes > cuda.SharedBytesPerBlock ? 0 : (int)bytes;
    }
}
