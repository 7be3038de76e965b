using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Pixels;

/// <summary>What Atari's interface promises, on a game whose every frame is known.</summary>
public sealed class PixelEnvironmentTests
{
    private const int Pixels = PixelEnvironment.FrameSize * PixelEnvironment.FrameSize;

    private static readonly PixelOptions Plain = new() { MaxNoops = 0 };

    private readonly float[] _observation = new float[4 * Pixels];

    [Test]
    public void Reset_FillsTheStackWithTheFirstFrame()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame(), Plain);
        environment.Reset(1, _observation);
        Assert.That(Enumerable.Range(0, 4).Select(Lit), Is.All.EqualTo(new[] { 0 }));
    }

    [Test]
    public void Step_HoldsTheActionForFourFramesAndShowsTheBrighterOfTheLastTwo()
    {
        var game = new ScriptedGame();
        using PixelEnvironment environment = Wrap(game, Plain);
        environment.Reset(1, _observation);
        environment.Step([2], _observation);
        Assert.That(game.Actions, Is.EqualTo(new[] { 2, 2, 2, 2 }));
        Assert.That(Lit(3), Is.EqualTo(new[] { 3, 4 }));
    }

    [Test]
    public void Step_StacksFourFrames_OldestFirst()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame(), Plain);
        environment.Reset(1, _observation);
        for (int i = 0; i < 5; i++)
            environment.Step([0], _observation);
        Assert.That(Enumerable.Range(0, 4).Select(Lit), Is.EqualTo(new[] { new[] { 7, 8 }, [11, 12], [15, 16], [19, 20] }));
    }

    [Test]
    public void Observation_IsTheGreyValueOver255()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame(), Plain);
        environment.Reset(1, _observation);
        Assert.That(_observation[0], Is.EqualTo(1f));
        Assert.That(_observation[Pixels - 1], Is.EqualTo(51 / 255f));
    }

    [Test]
    public void Step_SumsThePointsOfItsFrames([Values] bool clip)
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame { Points = frame => frame }, Plain with { ClipRewards = clip });
        environment.Reset(1, _observation);
        Assert.That(environment.Step([0], _observation).Reward, Is.EqualTo(clip ? 1f : 10f));
    }

    [TestCase(1)]
    [TestCase(2)]
    public void FrameSkip_IsAnOption(int skip)
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame(), Plain with { FrameSkip = skip });
        environment.Reset(1, _observation);
        environment.Step([0], _observation);
        Assert.That(Lit(3), Is.EqualTo(skip == 1 ? new[] { 1 } : [1, 2]));
        Assert.That(environment.Spec.FramesPerStep, Is.EqualTo(skip));
    }

    [Test]
    public void Reset_BeginsWithZeroToThirtyFramesWithoutAction()
    {
        var game = new ScriptedGame();
        using PixelEnvironment environment = Wrap(game, new PixelOptions());
        var starts = new HashSet<int>();
        for (ulong seed = 0; seed < 600; seed++)
        {
            environment.Reset(seed, _observation);
            starts.Add(game.Frame);
        }

        Assert.That(starts.Order(), Is.EqualTo(Enumerable.Range(0, 31)));
        Assert.That(game.Actions, Is.All.Zero);
    }

    [Test]
    public void StickyActions_RepeatTheFrameBefore_WithTheirProbability()
    {
        var game = new ScriptedGame();
        using PixelEnvironment environment = Wrap(game, Plain with { StickyActions = 0.25, FrameSkip = 1, Horizon = 5000 });
        environment.Reset(1, _observation);
        for (int i = 0; i < 4000; i++)
            environment.Step([1 + (i % 2)], _observation);

        // The chosen action changes each frame, so a frame goes wrong when it repeats one that was right: q = ¼ (1 − q).
        int wrong = game.Actions.Where((action, i) => action != 1 + (i % 2)).Count();
        Assert.That(wrong / 4000.0, Is.EqualTo(0.2).Within(0.03));
    }

    [Test]
    public void HiddenEnd_StartsTheGameAgainAndOnlyTheRewardKnows()
    {
        var game = new ScriptedGame { Length = 6, Points = _ => 1 };
        using PixelEnvironment environment = Wrap(game, Plain with { Horizon = 4 });
        environment.Reset(1, _observation);
        StepResult first = environment.Step([0], _observation), second = environment.Step([0], _observation);
        Assert.That((first.Reward, first.Done), Is.EqualTo((4f, false)));

        // Two more frames, the penalty of 5, and the first frame of the next game.
        Assert.That((second.Reward, second.Done), Is.EqualTo((2f - 5f, false)));
        Assert.That(Lit(3), Is.EqualTo(new[] { 0 }));
        Assert.That(game.Seeds, Is.Unique.And.Count.EqualTo(2));
        environment.Step([0], _observation);
        Assert.That(Lit(3), Is.EqualTo(new[] { 3, 4 }));
    }

    [Test]
    public void HiddenEnd_PaysForALostLife_AndTheGameGoesOn()
    {
        var game = new ScriptedGame { Losses = [2, 3] };
        using PixelEnvironment environment = Wrap(game, Plain with { EndPenalty = 0.5 });
        environment.Reset(1, _observation);
        Assert.That(environment.Step([0], _observation), Is.EqualTo(new StepResult(-1, false, false)));
        Assert.That(game.Frame, Is.EqualTo(4));
    }

    [Test]
    public void Episode_HasAFixedLength_WhereEndsAreHidden()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame { Length = 7 }, Plain with { Horizon = 50 });
        environment.Reset(1, _observation);
        StepResult[] steps = [.. Enumerable.Range(0, 50).Select(_ => environment.Step([0], _observation))];
        Assert.That(steps.Select(step => step.Terminated), Is.All.False);
        Assert.That(steps.Select(step => step.Truncated), Is.EqualTo(Enumerable.Range(1, 50).Select(i => i == 50)));
        Assert.That(() => environment.Step([0], _observation), Throws.InvalidOperationException.With.Message.Contains("'scripted'"));
    }

    [Test]
    public void Episode_EndsWithTheGame_WhereEndsAreShown()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame { Length = 6, Losses = [2] }, Plain with { HideEnds = false });
        environment.Reset(1, _observation);
        Assert.That(environment.Step([0], _observation), Is.EqualTo(new StepResult(0, false, false)));
        Assert.That(environment.Step([0], _observation), Is.EqualTo(new StepResult(0, true, false)));
        Assert.That(Lit(3), Is.EqualTo(new[] { 6 }), "the skip ends with the game");
    }

    [Test]
    public void LostLife_EndsTheEpisode_OnRequest()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame { Losses = [2] }, Plain with { HideEnds = false, LifeLossEnds = true });
        environment.Reset(1, _observation);
        Assert.That(environment.Step([0], _observation).Terminated);
    }

    [Test]
    public void Blanking_HidesRowsAtTopAndBottom()
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame(), Plain with { BlankTop = 1, BlankBottom = 1 });
        environment.Reset(1, _observation);
        Assert.That(_observation, Is.All.Zero);
    }

    [TestCase(-1f)]
    [TestCase(3f)]
    [TestCase(0.5f)]
    [TestCase(float.NaN)]
    public void Step_NamesAnActionThatIsNone(float action)
    {
        using PixelEnvironment environment = Wrap(new ScriptedGame(), Plain);
        environment.Reset(1, _observation);
        Assert.That(
            () => environment.Step([action], _observation),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("'scripted', expected 0 to 2"));
    }

    [Test]
    public void Options_NameWhatIsOutOfRange()
    {
        PixelOptions[] wrong =
        [
            Plain with { FrameSkip = 0 }, Plain with { MaxNoops = -1 }, Plain with { StickyActions = 1 }, Plain with { Horizon = 0 },
            Plain with { EndPenalty = double.NaN }, Plain with { BlankTop = 84 }, Plain with { LifeLossEnds = true },
        ];
        string[] names = ["FrameSkip", "MaxNoops", "StickyActions", "Horizon", "EndPenalty", "BlankTop", "LifeLossEnds"];
        foreach ((PixelOptions options, string name) in wrong.Zip(names))
            Assert.That(options.Validate, Throws.ArgumentException.With.Message.Contains(name));
    }

    [Test]
    public void Step_AllocatesNothing()
    {
        using PixelEnvironment environment = PixelGames.Create("enduro");
        environment.Reset(1, _observation);
        environment.Step([1], _observation);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
            environment.Step([1], _observation);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Dispose_DisposesTheGame()
    {
        var game = new ScriptedGame();
        Wrap(game, Plain).Dispose();
        Assert.That(game.Disposed);
    }

    private static PixelEnvironment Wrap(ScriptedGame game, PixelOptions options) => new(game, "scripted", "None.", endPenalty: 5, options);

    private int[] Lit(int frame) =>
        [.. Enumerable.Range(0, Pixels).Where(i => _observation[(frame * Pixels) + i] == 1f)];
}
