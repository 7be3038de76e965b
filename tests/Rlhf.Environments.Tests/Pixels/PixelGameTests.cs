using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Pixels;

/// <summary>What holds for every game, and that each can be played well.</summary>
public sealed class PixelGameTests
{
    private const int Size = PixelEnvironment.FrameSize;

    public static IEnumerable<string> Ids => PixelGames.Ids;

    [TestCaseSource(nameof(Ids))]
    public void Spec_IsThatOfAPixelGame(string id)
    {
        using PixelEnvironment environment = PixelGames.Create(id);
        Assert.That(environment.Spec.ObservationShape, Is.EqualTo(new[] { 4, 84, 84 }));
        Assert.That((environment.Spec.ClipLength, environment.Spec.FramesPerSecond, environment.Spec.Horizon), Is.EqualTo((25, 15, 1000)));
        Assert.That(environment.Spec.Instructions, Has.Length.InRange(40, 250));
    }

    [TestCaseSource(nameof(Ids))]
    public void Episode_FollowsFromItsSeed(string id)
    {
        ulong[] hashes = [.. new ulong[] { 5, 5, 6 }.Select(seed => GamePlayer.FrameHash(id, seed, steps: 300))];
        Assert.That(hashes[1], Is.EqualTo(hashes[0]));
        Assert.That(hashes[2], Is.Not.EqualTo(hashes[0]));
    }

    [TestCaseSource(nameof(Ids))]
    public void Reset_ForgetsTheEpisodeBefore(string id)
    {
        using PixelEnvironment used = PixelGames.Create(id), fresh = PixelGames.Create(id);
        float[] expected = new float[used.Spec.ObservationLength], observation = new float[expected.Length];
        used.Reset(1, observation);
        for (int i = 0; i < 100; i++)
            used.Step([1], observation);
        used.Reset(2, observation);
        fresh.Reset(2, expected);
        for (int i = 0; i < 50; i++)
        {
            fresh.Step([2], expected);
            used.Step([2], observation);
        }

        Assert.That(observation, Is.EqualTo(expected));
    }

    // The pictures were looked at when these were written down.
    [TestCase("pong", 1682652740875569907UL)]
    [TestCase("breakout", 12919693967479519282UL)]
    [TestCase("enduro", 13795836708290530265UL)]
    public void Frame_LooksAsItDid(string id, ulong expected) => Assert.That(GamePlayer.FrameHash(id, seed: 3, steps: 120), Is.EqualTo(expected));

    [TestCaseSource(nameof(Ids))]
    public void Frame_IsDrawnAgain_FromItsState(string id)
    {
        using PixelEnvironment environment = PixelGames.Create(id, new PixelOptions { FrameSkip = 1 });
        float[] observation = new float[environment.Spec.ObservationLength];
        environment.Reset(4, observation);
        for (int i = 0; i < 200; i++)
            environment.Step([1], observation);
        double[] state = new double[environment.Spec.StateLength];
        environment.CaptureState(state);
        float[] seen = observation[(3 * Size * Size)..];
        for (int i = 0; i < 20; i++)
            environment.Step([2], observation);
        byte[] frame = new byte[Size * Size];
        environment.Draw(state, frame);
        Assert.That(frame.Select(grey => grey / 255f), Is.EqualTo(seen));
    }

    [TestCaseSource(nameof(Ids))]
    public void ScoreArea_IsBlank(string id)
    {
        using PixelEnvironment environment = PixelGames.Create(id);
        float[] observation = new float[environment.Spec.ObservationLength];
        environment.Reset(4, observation);
        for (int i = 0; i < 200; i++)
        {
            environment.Step([i % 3], observation);
            Assert.That(observation.AsSpan(3 * Size * Size, 10 * Size).ContainsAnyExcept(0f), Is.False);
        }
    }

    // Random players: −48, −52 and 0; scripts: 15, 215 and 115.
    [TestCase("pong", -55, -25, 8)]
    [TestCase("breakout", -75, -30, 150)]
    [TestCase("enduro", -5, 10, 80)]
    public void Script_ScoresFarBetterThanChance(string id, double lowest, double highest, double scripted)
    {
        Assert.That(GamePlayer.Return(id, scripted: false, episodes: 10), Is.InRange(lowest, highest));
        Assert.That(GamePlayer.Return(id, scripted: true, episodes: 10), Is.GreaterThan(scripted));
    }

    [Test]
    public void Create_ListsTheGames_WhenTheNameIsUnknown() =>
        Assert.That(() => PixelGames.Create("pacman"), Throws.ArgumentException.With.Message.EqualTo("unknown pixel game 'pacman', expected one of pong, breakout, enduro"));
}
