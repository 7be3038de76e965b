using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rlhf.Kernels.Simd;

/// <summary>
/// Runs an <see cref="IElementKernel{TSums}"/> over a grid. Each block of rows has its own sums and the blocks are added in order,
/// so the total has the same bits for any number of threads.
/// </summary>
internal unsafe struct ElementSum<TKernel, TSums> : IRangeBody
    where TKernel : unmanaged, IElementKernel<TSums>
    where TSums : unmanaged, IAdditionOperators<TSums, TSums, TSums>, IAdditiveIdentity<TSums, TSums>
{
    private TKernel _kernel;
    private ElementGrid _grid;
    private TSums* _partials;

    [SkipLocalsInit]
    public static TSums Run(SimdRunner runner, in ElementGrid grid, in TKernel kernel)
    {
        // One slot a block; every slot is written by the block that owns it.
        TSums* partials = stackalloc TSums[ElementGrid.MaxBlocks];
        var body = new ElementSum<TKernel, TSums> { _kernel = kernel, _grid = grid, _partials = partials };
        runner.Run(ref body, grid.Blocks, grid.Grain);

        TSums total = TSums.AdditiveIdentity;
        for (int block = 0; block < grid.Blocks; block++)
        {
            total += partials[block];
        }

        return total;
    }

    public readonly void Run<TV>(int begin, int end)
        where TV : struct, ISimd<TV>
    {
        for (int block = begin; block < end; block++)
        {
            TSums sum = TSums.AdditiveIdentity;
            int first = block * _grid.RowsPerBlock, last = Math.Min(first + _grid.RowsPerBlock, _grid.Rows);
            for (int row = first; row < last; row++)
            {
                sum += _kernel.Row<TV>(_grid, row);
            }

            _partials[block] = sum;
        }
    }
}
