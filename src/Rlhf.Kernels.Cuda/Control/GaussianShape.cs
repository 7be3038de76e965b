using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>How the kernels of Gaussian policies are laid out over [N, A]: a function of the shape, lanes of a row of A alone.</summary>
internal static class GaussianShape
{
    // kColumnSumThreads of gaussian_columns.cuh. Rows a thread takes of each column, and the blocks whose sums the last one adds.
    private const int Warp = 32, Threads = 256, ThreadRows = 8, MaxBlocks = 1024;

    /// <summary>Lanes of a row: the power of two that covers it, a warp at most.</summary>
    public static int Lanes(int cols)
    {
        int lanes = 1;
        while (lanes < cols && lanes < Warp)
        {
            lanes *= 2;
        }

        return lanes;
    }

    /// <summary>Blocks of kernels with some lanes a row.</summary>
    public static long RowBlocks(CudaFunction function, int rows, int lanes)
    {
        int rowsOfBlock = function.Threads / lanes;
        return ((long)rows + rowsOfBlock - 1) / rowsOfBlock;
    }

    /// <summary>Rows of a block of kernels with a thread a column.</summary>
    public static int BlockRows(int rows, int cols)
    {
        int height = Math.Max(1, Threads / Math.Max(1, cols));
        long least = (rows + ((long)height * MaxBlocks) - 1) / ((long)height * MaxBlocks);
        return (int)Math.Min(int.MaxValue, height * Math.Max(ThreadRows, least));
    }

    /// <summary>Blocks of <paramref name="blockRows"/> rows; one at least where there are sums to write.</summary>
    public static long ColumnBlocks(int rows, int blockRows, bool summed) =>
        Math.Max(summed ? 1 : 0, ((long)rows + blockRows - 1) / blockRows);

    /// <summary>One row that stands for all has stride 0.</summary>
    public static DeviceView RowOrRows(ReadOnlyView<float> view)
    {
        DeviceView packed = DeviceView.Of(view);
        packed.Stride = view.Rows == 1 ? 0 : packed.Stride;
        return packed;
    }
}
