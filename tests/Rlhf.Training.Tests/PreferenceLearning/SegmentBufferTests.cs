using Rlhf.Preferences;
using Rlhf.Training.Control;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class SegmentBufferTests
{
    private const int Environments = 2, Length = Toy.ClipLength;

    [Test]
    public void Clips_AreConsecutiveSteps_OfOneEpisode()
    {
        SegmentBuffer buffer = Filled(rollouts: 4, steps: 25, done: step => step % 20 == 19);
        RecordedClip[] clips = [.. buffer.Cut(300, Length, runId: 7).Select(clip => clip.Record())];
        Assert.That(clips, Has.Length.EqualTo(300));
        foreach (RecordedClip clip in clips)
        {
            // Observations hold (environment, step); a clip begins and ends in the same episode of 20.
            float[] steps = [.. Enumerable.Range(0, Length).Select(i => clip.Segment.Observations[(2 * i) + 1])];
            Assert.That(steps, Is.EqualTo(Enumerable.Range(0, Length).Select(i => steps[0] + i)));
            Assert.That((int)steps[0] / 20, Is.EqualTo((int)steps[^1] / 20));
            Assert.That(clip.Segment.Observations.Where((_, i) => i % 2 == 0).Distinct().Count(), Is.EqualTo(1));
            Assert.That(clip.TrueRewards, Is.EqualTo(steps));
            Assert.That(clip.Segment.Actions, Is.EqualTo(steps));
            Assert.That(clip.Segment.States, Is.EqualTo(steps));
            Assert.That(clip.Segment.Poses, Is.EqualTo(steps));
            Assert.That(clip.Segment.RunId, Is.EqualTo(7));
        }
    }

    [Test]
    public void Starts_AreUniform_OverAllThatLeaveRoom()
    {
        SegmentBuffer buffer = Filled(rollouts: 1, steps: 40, done: step => step % 20 == 19);
        Dictionary<float, int> starts = buffer.Cut(13000, Length, 1).GroupBy(Start).ToDictionary(group => group.Key, group => group.Count());
        Assert.That(starts.Keys.Order(), Is.EqualTo(Enumerable.Range(0, 13).Concat(Enumerable.Range(20, 13)).Select(i => (float)i)));
        Assert.That(starts.Values, Is.All.InRange(400, 600));
    }

    [Test]
    public void OldSteps_AreForgotten()
    {
        SegmentBuffer buffer = Filled(rollouts: 10, steps: 25, done: _ => false, capacity: 2 * 50);
        Assert.That(buffer.Cut(200, Length, 1).Select(Start), Is.All.InRange(200f, 242f));
        Assert.That(buffer.Steps, Is.EqualTo(2 * 250));
    }

    [Test]
    public void Break_KeepsApartWhatWasNotContinued()
    {
        SegmentBuffer buffer = New(1000);
        Add(buffer, 0, 10, _ => false);
        buffer.Break();
        Add(buffer, 10, 10, _ => false);
        Assert.That(buffer.Cut(300, Length, 1).Select(clip => (int)Start(clip)).Distinct().Order(), Is.EqualTo(new[] { 0, 1, 2, 10, 11, 12 }));
    }

    [Test]
    public void NoPlaceToCut_GivesNone()
    {
        SegmentBuffer buffer = Filled(rollouts: 2, steps: 20, done: step => step % 5 == 4);
        Assert.That(buffer.Cut(3, Length, 1), Is.Empty);
        Assert.That(New(100).Cut(3, Length, 1), Is.Empty);
    }

    [Test]
    public void TheOnlyPlace_IsFound_WhereChanceMissesIt()
    {
        SegmentBuffer buffer = Filled(rollouts: 1, steps: 20_000, done: step => step is < 7000 or >= 7000 + Length - 1, capacity: 40_000);
        Assert.Multiple(() =>
        {
            Assert.That(buffer.Cut(20, Length, 1).Select(Start), Is.EqualTo(Enumerable.Repeat(7000f, 20)));
            Assert.That(buffer.Longest, Is.EqualTo(Length));
            Assert.That(new[] { Length - 1, Length, Length + 1 }.Select(buffer.Places), Is.EqualTo(new[] { 2 * Environments, Environments, 0 }));
            Assert.That(buffer.Cut(1, Length + 1, 1), Is.Empty);
        });
    }

    [Test]
    public void Longest_IsWhatIsStillThere()
    {
        SegmentBuffer buffer = Filled(rollouts: 2, steps: 25, done: step => step == 29, capacity: 2 * 40);
        Assert.That(buffer.Longest, Is.EqualTo(20), "of the 30 steps of the first episode ten are forgotten");
        Assert.That(New(100).Longest, Is.Zero);
    }

    [Test]
    public void Cuts_AreAFunctionOfTheSeed_AndPeeksDoNotMoveThem()
    {
        SegmentBuffer first = Filled(2, 25, _ => false), second = Filled(2, 25, _ => false);
        Assert.That(second.Peek(3, Length, 1), Is.Not.Null);
        Assert.That(Starts(first), Is.EqualTo(Starts(second)));
        Assert.That(Starts(first), Is.Not.EqualTo(Starts(second, skip: 5)));

        static float[] Starts(SegmentBuffer buffer, int skip = 0)
        {
            buffer.Cut(skip, Length, 1);
            return [.. buffer.Cut(20, Length, 1).Select(Start)];
        }
    }

    [Test]
    public void CandidatesOfFrames_StayBytes_AndComeBackExactly()
    {
        const int Steps = 40, Floats = 4 * 84 * 84;
        var buffer = new SegmentBuffer(Toy.PixelSpec, 1, Steps, seed: 5);
        using var rollout = new ControlRollout(Toy.PixelSpec, 1, Steps, normalized: false);
        var observations = rollout.Observations;
        for (int t = 0; t < Steps; t++)
        {
            for (int i = 0; i < Floats; i++)
                observations[t, i] = ((t + (i / (84 * 84))) * (1 + (i % (84 * 84) % 5)) % 256) / 255f;
        }

        buffer.Add(rollout, new double[Steps], new float[Steps], 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        IReadOnlyList<CandidateClip> clips = buffer.Cut(20, Length, 1);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(20L * Length * Floats * sizeof(float) / 2), "floats would be twice that");
        foreach (CandidateClip clip in clips)
        {
            Segment segment = clip.Record().Segment;
            float[] expected = [.. Enumerable.Range((int)segment.Step * Floats, Length * Floats).Select(i => observations[i / Floats, i % Floats])];
            Assert.That(segment.Observations.AsSpan().SequenceEqual(expected), $"the frames from step {segment.Step}");
            Assert.That(clip.Clip.Bytes, Is.EqualTo((Length + 3) * 84 * 84), "each plane once");
        }
    }

    private static float Start(CandidateClip clip) => clip.Record().Segment.Observations[1];

    private static SegmentBuffer New(int capacity) => new(Toy.Spec, Environments, capacity, seed: 5);

    private static SegmentBuffer Filled(int rollouts, int steps, Func<int, bool> done, int capacity = 1000)
    {
        SegmentBuffer buffer = New(capacity);
        for (int i = 0; i < rollouts; i++)
            Add(buffer, i * steps, steps, done);
        return buffer;
    }

    private static void Add(SegmentBuffer buffer, int first, int steps, Func<int, bool> done)
    {
        using var rollout = new ControlRollout(Toy.Spec, Environments, steps, normalized: false);
        double[] states = new double[steps * Environments];
        for (int t = 0; t < steps; t++)
        {
            for (int n = 0; n < Environments; n++)
            {
                int row = (t * Environments) + n;
                var (observations, actions, rewards, dones) = (rollout.Observations, rollout.Actions, rollout.TrueRewards, rollout.Dones);
                (observations[row, 0], observations[row, 1], actions[row], rewards[t, n]) = (n, first + t, first + t, first + t);
                dones[t, n] = (byte)(done(first + t) ? 1 : 0);
                states[row] = first + t;
            }
        }

        buffer.Add(rollout, states, [.. states.Select(state => (float)state)], first * Environments);
    }
}
