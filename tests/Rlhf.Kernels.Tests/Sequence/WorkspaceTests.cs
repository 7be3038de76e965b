using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Tests.Sequence;

public sealed class WorkspaceTests
{
    [Test]
    public void Minimum_FitsOneRow([Values(1, 1000, 1024, 50257)] int vocab, [Values(1, 768)] int hiddenSize, [Values] bool widens) =>
        Assert.That(LinearLogprobsWorkspace.ChunkRows(LinearLogprobsWorkspace.Minimum(vocab, hiddenSize, widens), 99, vocab, hiddenSize, widens), Is.EqualTo(1));

    [Test]
    public void Chunks_AreEvenAndFit([Values(1, 15, 100, 512, 2048, 5000)] int rows)
    {
        int chunk = LinearLogprobsWorkspace.ChunkRows(LinearLogprobsWorkspace.DefaultBytes, rows, 50257, 768, widens: false);
        Assert.Multiple(() =>
        {
            Assert.That(chunk * (LinearLogprobsWorkspace.LogitsPitch(50257) + 768) * 4, Is.LessThan(LinearLogprobsWorkspace.DefaultBytes));
            Assert.That(chunk == rows || chunk % 16 == 0);
            Assert.That(chunk, Is.GreaterThanOrEqualTo(Math.Min(rows, 240)), "no chunk much smaller than the workspace allows");
        });
    }

    [Test]
    public void Pitch_AvoidsSharedCacheSets() =>
        Assert.That((LinearLogprobsWorkspace.LogitsPitch(50257), LinearLogprobsWorkspace.LogitsPitch(32768)), Is.EqualTo((50272L, 32784L)));
}
