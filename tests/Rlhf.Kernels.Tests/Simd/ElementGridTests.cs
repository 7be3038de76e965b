using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Tests.Simd;

public sealed unsafe class ElementGridTests
{
    [Test]
    public void Blocks_CoverEveryElementOnce(
        [Values(1, 2, 63, 64, 65, 1000)] int rows, [Values(1, 3, 2048, 2049)] int cols, [Values] bool dense)
    {
        using var memory = new HostBuffer<int>((long)rows * cols);
        ReadOnlyView<int> view = memory.View(rows, cols);
        var grid = ElementGrid.Create(rows, cols, dense);
        Assert.That(grid.Blocks, Is.InRange(1, ElementGrid.MaxBlocks));
        for (int block = 0; block < grid.Blocks; block++)
        {
            for (int row = block * grid.RowsPerBlock; row < Math.Min((block + 1) * grid.RowsPerBlock, grid.Rows); row++)
            {
                foreach (ref int element in new Span<int>(grid.Row(view, row), grid.Length(row)))
                {
                    element++;
                }
            }
        }

        Assert.That(memory.Span.ToArray(), Is.All.EqualTo(1));
    }

    [Test]
    public void NoElements_AreNoBlocks([Values(0, 5)] int rows) =>
        Assert.That(ElementGrid.Create(rows, 0, dense: true).Blocks + ElementGrid.Create(0, rows, dense: false).Blocks, Is.Zero);

    [Test]
    public void AViewLeftOut_HasNoRows() => Assert.That(ElementGrid.Create(3, 3, dense: true).Row<float>(default, 0) == null);
}
