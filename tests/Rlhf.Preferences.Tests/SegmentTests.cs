namespace Rlhf.Preferences.Tests;

public sealed class SegmentTests
{
    [Test]
    public void NewestFrames_AreTheLastChannelOfEachStep()
    {
        // Two steps of two 4 × 5 frames, value (7 i + 3) mod 256 at element i: the second frame of a step begins 20 elements in.
        byte[] frames = Samples.Frames(run: 1, number: 3).NewestFrames();
        Assert.That(frames, Is.EqualTo(Enumerable.Range(20, 20).Concat(Enumerable.Range(60, 20)).Select(i => (byte)(((i * 7) + 3) % 256))));
    }

    [Test]
    public void NewestFrames_NameTheShape_WhereThereAreNone() =>
        Assert.That(() => Samples.Segment(run: 1, number: 0).NewestFrames(), Throws.InvalidOperationException.With.Message.Contains("[3]"));
}
