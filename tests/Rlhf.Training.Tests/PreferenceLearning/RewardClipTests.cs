using Rlhf.Environments;
using Rlhf.Models;
using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class RewardClipTests
{
    private static readonly RewardInput Pixels = new(Toy.PixelSpec);

    [Test]
    public void Rows_AreObservationAndAction_ClippedAsTheEnvironmentDoes()
    {
        float[] rows = new float[6];
        Toy.Clip([1, 2, 3, 4], [0.5f, 7f]).CopyTo(rows);
        Assert.That(rows, Is.EqualTo(new[] { 1f, 2f, 0.5f, 3f, 4f, 1f }));
    }

    [Test]
    public void DiscreteActions_AreOneHot()
    {
        var input = new RewardInput(Toy.Spec with { Actions = ActionSpace.Discrete(3) });
        float[] rows = new float[10];
        input.Encode([1, 2, 3, 4], [2, 0], rows);
        Assert.That(rows, Is.EqualTo(new[] { 1f, 2f, 0f, 0f, 1f, 3f, 4f, 1f, 0f, 0f }));
    }

    [Test]
    public void Pixels_AreTheFourFramesAlone()
    {
        Assert.That(Pixels.Shape, Is.EqualTo(new[] { 4, 84, 84 }));
        Assert.That(Pixels.Length, Is.EqualTo(4 * 84 * 84));
    }

    [Test]
    public void Pixels_ComeBackExactly_FromOnePlaneAFrame()
    {
        const int Length = 10, Plane = 84 * 84;
        float[] frames = new float[Length * 4 * Plane];
        for (int t = 0; t < Length; t++)
        {
            for (int c = 0; c < 4; c++)
                Array.Fill(frames, (20 + t + c) / 255f, ((t * 4) + c) * Plane, Plane);
        }

        var clip = new RewardClip(Pixels, Frames(Length, frames));
        float[] rows = new float[frames.Length];
        clip.CopyTo(rows);
        Assert.That(rows, Is.EqualTo(frames));
        Assert.That(clip.Bytes, Is.EqualTo((Length + 3) * Plane));
    }

    [Test]
    public void Pixels_ComeBackExactly_WhereStacksShareNothing()
    {
        float[] frames = [.. Enumerable.Range(0, 2 * 4 * 84 * 84).Select(i => (i * 7919 % 256) / 255f)];
        float[] rows = new float[frames.Length];
        new RewardClip(Pixels, Frames(2, frames)).CopyTo(rows);
        Assert.That(rows, Is.EqualTo(frames));
    }

    [Test]
    public void Segment_OfAnotherEnvironment_IsRefusedByName()
    {
        var segment = new Segment { Id = 12, RunId = 1, Step = 0, Length = 2, ObservationShape = [3], Observations = new float[6], Actions = new float[2] };
        Assert.That(
            () => new RewardClip(Toy.Input, segment),
            Throws.TypeOf<DataFormatException>().With.Message.StartsWith("segment 12: 6 and 2 floats"));
    }

    [Test]
    public void Segment_WithNaN_IsRefusedByName()
    {
        var segment = new Segment { Id = 3, RunId = 1, Step = 0, Length = 2, ObservationShape = [2], Observations = [0, 0, 0, float.NaN], Actions = new float[2] };
        Assert.That(
            () => new RewardClip(Toy.Input, segment),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo("segment 3: observation 1 holds NaN, expected finite numbers"));
    }

    private static Segment Frames(int length, float[] frames) => new()
    {
        RunId = 1,
        Step = 0,
        Length = length,
        ObservationShape = [4, 84, 84],
        Observations = frames,
        Actions = new float[length],
    };
}
