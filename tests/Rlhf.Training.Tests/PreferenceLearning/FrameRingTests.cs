using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class FrameRingTests
{
    private const int Capacity = 9, Channels = 4, Plane = 6;

    [Test]
    public void LastSteps_ComeBackExactly_OverEndsOfEpisodesAndOfTheRing([Values(1, 2, 3, 7, 100)] int episode)
    {
        var ring = new FrameRing(Capacity, Channels, Plane);
        for (int step = 0; step < 40; step++)
        {
            ring.Append(step, [.. Stack(step, episode).Select(value => value / 255f)]);
            for (int read = Math.Max(0, step - Capacity + 1); read <= step; read++)
            {
                byte[] stack = new byte[Channels * Plane];
                ring.Read(read, stack);
                Assert.That(stack, Is.EqualTo(Stack(read, episode)), $"step {read} after step {step}");
            }
        }
    }

    [Test]
    public void StacksThatShareNothing_ComeBackExactly()
    {
        var ring = new FrameRing(Capacity, Channels, Plane);
        byte[][] stacks = [.. Enumerable.Range(0, 20).Select(step => Enumerable.Range(0, Channels * Plane).Select(i => (byte)((step * 37) + (i * 11))).ToArray())];
        for (int step = 0; step < stacks.Length; step++)
            ring.Append(step, [.. stacks[step].Select(value => value / 255f)]);
        byte[] stack = new byte[Channels * Plane];
        for (int read = stacks.Length - Capacity; read < stacks.Length; read++)
        {
            ring.Read(read, stack);
            Assert.That(stack, Is.EqualTo(stacks[read]));
        }
    }

    [Test]
    public void SharedPictures_AreKeptOnce()
    {
        const int Steps = 1000, Pixels = 84 * 84;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var ring = new FrameRing(Steps, Channels, Pixels);
        float[] stack = new float[Channels * Pixels];
        for (int step = 0; step < Steps; step++)
        {
            for (int channel = 0; channel < Channels; channel++)
                Array.Fill(stack, (step + channel) % 256 / 255f, channel * Pixels, Pixels);
            ring.Append(step, stack);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1.1 * Steps * Pixels));
    }

    // A picture's value is its step; an episode begins with its first picture in all places.
    private static byte[] Stack(int step, int episode) =>
        [.. Enumerable.Range(0, Channels * Plane).Select(i => (byte)Math.Max(step / episode * episode, step - Channels + 1 + (i / Plane)))];
}
