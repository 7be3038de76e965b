using Rlhf.Kernels.Memory;
using Rlhf.Training.Data;

namespace Rlhf.Training.Tests.Data;

[TestFixture]
internal sealed class TokenBatchBufferTests
{
    private static readonly ReadOnlyMemory<int>[] Sequences = [(int[])[7, 8, 9], (int[])[5]];

    [Test]
    public void Fill_PutsPaddingOnTheSideAskedFor([Values] PaddingSide side)
    {
        using var buffer = new TokenBatchBuffer();
        buffer.Fill([(int[])[1, 2, 3, 4, 5], (int[])[6, 6, 6, 6, 6], (int[])[1]], side);

        buffer.Fill(Sequences, side);

        bool left = side == PaddingSide.Left;
        Assert.Multiple(() =>
        {
            Assert.That(Row(buffer.Tokens.InputIds, 0), Is.EqualTo(new[] { 7, 8, 9 }));
            Assert.That(Row(buffer.Tokens.InputIds, 1), Is.EqualTo(left ? new[] { 0, 0, 5 } : [5, 0, 0]));
            Assert.That(Row(buffer.Tokens.Mask, 1), Is.EqualTo(left ? new byte[] { 0, 0, 1 } : [1, 0, 0]));
            Assert.That(Row(buffer.Tokens.Positions, 0), Is.EqualTo(new[] { 0, 1, 2 }));
            Assert.That(buffer.Tokens.Positions[1, left ? 2 : 0], Is.Zero);
            Assert.That(new[] { buffer.LastRows[0], buffer.LastRows[1] }, Is.EqualTo(left ? new[] { 2, 5 } : [2, 3]));
            Assert.That(buffer.TokenCount, Is.EqualTo(4));
        });
    }

    [Test]
    public void Fill_NamesTheSequence_WhenItIsEmpty()
    {
        using var buffer = new TokenBatchBuffer();

        Assert.That(
            () => buffer.Fill([(int[])[1], ReadOnlyMemory<int>.Empty], PaddingSide.Right),
            Throws.TypeOf<ArgumentException>().With.Message.Contains("sequence 1"));
    }

    private static T[] Row<T>(ReadOnlyView<T> view, int row)
        where T : unmanaged => [.. Enumerable.Range(0, view.Cols).Select(column => view[row, column])];
}
