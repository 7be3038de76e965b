namespace Rlhf.Preferences.Tests;

public sealed class PreferenceStoreTests
{
    [Test]
    public void Run_ComesBackAsGiven_AfterReopening()
    {
        using TemporaryStore temporary = new();
        long id = temporary.AddRun("hopper-1", RunKind.Frames);
        temporary.Close();
        PreferenceRun run = temporary.Store.FindRun("hopper-1")!;
        Assert.That(run, Is.EqualTo(new PreferenceRun
        {
            Id = id,
            Name = "hopper-1",
            Environment = "hopper",
            Kind = RunKind.Frames,
            Instructions = "Right is better.",
            Scene = "{\"figures\":[]}",
            FramesPerSecond = 40,
            Created = temporary.Clock.GetUtcNow(),
        }));
    }

    [Test]
    public void AddRun_Throws_WhenTheNameIsTaken()
    {
        using TemporaryStore temporary = new();
        temporary.AddRun("a");
        Assert.That(() => temporary.AddRun("a"), Throws.ArgumentException.With.Message.EqualTo("run 'a': the store has one of this name"));
    }

    [Test]
    public void Segment_ComesBackToTheBit()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        Segment given = Samples.Segment(run, 7);
        Segment stored = temporary.Store.GetSegment(temporary.Store.AddSegment(given));
        Assert.Multiple(() =>
        {
            Assert.That(stored.Observations, Is.EqualTo(given.Observations));
            Assert.That(stored.Actions, Is.EqualTo(given.Actions));
            Assert.That(stored.States, Is.EqualTo(given.States));
            Assert.That(stored.Poses, Is.EqualTo(given.Poses));
            Assert.That(stored.ObservationShape, Is.EqualTo(given.ObservationShape));
            Assert.That((stored.RunId, stored.Step, stored.Length), Is.EqualTo((run, 107L, 2)));
        });
    }

    [Test]
    public void Frames_ComeBackToTheBit()
    {
        using TemporaryStore temporary = new();
        Segment given = Samples.Frames(temporary.AddRun(), 3);
        Segment stored = temporary.Store.GetSegment(temporary.Store.AddSegment(given));
        Assert.That(stored.Observations, Is.EqualTo(given.Observations));
    }

    [Test]
    public void Frames_ThatAreNoBytes_AreRefused()
    {
        using TemporaryStore temporary = new();
        Segment given = Samples.Frames(temporary.AddRun(), 3);
        given.Observations[5] = 0.5f;
        Assert.That(
            () => temporary.Store.AddSegment(given),
            Throws.ArgumentException.With.Message.EqualTo("frame value 5 is 0.5, expected j/255 with j = 0…255"));
    }

    [Test]
    public void AddSegment_GivesTheSameId_ForTheSameSegmentOfARun()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun("a"), other = temporary.AddRun("b");
        long first = temporary.Store.AddSegment(Samples.Segment(run, 1));
        Assert.Multiple(() =>
        {
            Assert.That(temporary.Store.AddSegment(Samples.Segment(run, 1) with { Step = 999 }), Is.EqualTo(first));
            Assert.That(temporary.Store.AddSegment(Samples.Segment(run, 2)), Is.Not.EqualTo(first));
            Assert.That(temporary.Store.AddSegment(Samples.Segment(other, 1)), Is.Not.EqualTo(first));
        });
    }

    [Test]
    public void AddSegments_StoresNone_WhenOneIsOfNoRun()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        Assert.That(
            () => temporary.Store.AddSegments([Samples.Segment(run, 1), Samples.Segment(run + 1, 2)]),
            Throws.ArgumentException.With.Message.EqualTo($"run {run + 1}: not in the store"));
        Assert.That(() => temporary.Store.GetSegment(1), Throws.ArgumentException);
    }

    [Test]
    public void AddQuery_GivesTheSameId_ForTheSamePairInEitherOrder()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        IReadOnlyList<long> s = temporary.AddSegments(run, 3);
        long first = temporary.Store.AddQuery(new Query { RunId = run, Items = [s[0], s[1]] });
        Assert.Multiple(() =>
        {
            Assert.That(temporary.Store.AddQuery(new Query { RunId = run, Items = [s[1], s[0]] }), Is.EqualTo(first));
            Assert.That(temporary.Store.AddQuery(new Query { RunId = run, Items = [s[1], s[2]] }), Is.Not.EqualTo(first));
            Assert.That(temporary.Store.GetProgress(run).Waiting, Is.EqualTo(2));
        });
    }

    [Test]
    public void Query_ComesBackAsGiven()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        IReadOnlyList<long> s = temporary.AddSegments(run, 2);
        Query given = new() { RunId = run, Items = s, Priority = 3, Step = 12345, AnswersWanted = 2, Predicted = 0.25 };
        Query stored = temporary.Store.GetQuery(temporary.Store.AddQuery(given));
        Assert.That(stored.Items, Is.EqualTo(s));
        Assert.That(stored with { Id = 0, Items = s, Created = default }, Is.EqualTo(given));
    }

    [TestCase(QueryKind.ClipPair, new long[] { 1 }, "query: 1 items, expected 2 for ClipPair")]
    [TestCase(QueryKind.ClipPair, new long[] { 1, 1 }, "query: items 1,1 repeat one")]
    [TestCase(QueryKind.ClipPair, new long[] { 1, 99 }, "query: item 99 is not among the segments of run 1")]
    [TestCase(QueryKind.Ranking, new long[] { 1, 2, 3 }, "query: 3 items, expected 4 to 9 for Ranking")]
    [TestCase(QueryKind.TextPair, new long[] { 1, 2 }, "query: item 1 is not among the texts of run 1")]
    public void AddQuery_SaysWhatIsWrong(QueryKind kind, long[] items, string message)
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        temporary.AddSegments(run, 2);
        Assert.That(
            () => temporary.Store.AddQuery(new Query { RunId = run, Kind = kind, Items = items }),
            Throws.ArgumentException.With.Message.EqualTo(message));
    }

    [Test]
    public void TrueRewards_AreReadThroughTheirBookOnly()
    {
        using TemporaryStore temporary = new();
        long segment = temporary.AddSegments(temporary.AddRun(), 1)[0];
        TrueRewardBook book = new(temporary.Store);
        Assert.That(book.Rewards(segment), Is.Null);
        Assert.That(book.Total(segment), Is.Null);
        book.Add(segment, [0.5f, -2f]);
        Assert.That(book.Rewards(segment), Is.EqualTo(new[] { 0.5f, -2f }));
        Assert.That(book.Total(segment), Is.EqualTo(-1.5));
        Assert.That(() => book.Add(segment, [1f]), Throws.ArgumentException.With.Message.EqualTo($"segment {segment}: 1 rewards, expected 2"));
    }

    [Test]
    public void Text_ComesBackAsGiven_AndOnce()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        TextSample given = new(0, run, "Say ‹é›\n", " \"ok\"", "sft-1");
        long id = temporary.Store.AddText(given);
        Assert.That(temporary.Store.GetText(id), Is.EqualTo(given with { Id = id }));
        Assert.That(temporary.Store.AddText(given), Is.EqualTo(id));
        Assert.That(temporary.Store.AddText(given with { Model = "sft-2" }), Is.Not.EqualTo(id));
    }

    [Test]
    public void Labeler_IsFoundByTokenUntilRevoked()
    {
        using TemporaryStore temporary = new();
        Invitation invitation = temporary.Store.InviteLabeler("Ada");
        Assert.That(temporary.Store.FindLabeler(invitation.Token), Is.EqualTo(invitation.Labeler));
        Assert.That(temporary.Store.FindLabeler(invitation.Token + "x"), Is.Null);
        Assert.That(temporary.Store.RevokeLabeler(invitation.Labeler.Id), Is.True);
        Assert.That(temporary.Store.FindLabeler(invitation.Token), Is.Null);
        Assert.That(temporary.Store.RevokeLabeler(invitation.Labeler.Id), Is.False);
    }

    [Test]
    public void Token_IsNotInTheFile()
    {
        using TemporaryStore temporary = new();
        string token = temporary.Store.InviteLabeler("Ada").Token;
        temporary.Close();
        Assert.That(token, Has.Length.EqualTo(43));
        Assert.That(File.ReadAllText(temporary.Path, System.Text.Encoding.Latin1), Does.Not.Contain(token).And.Contain("Ada"));
    }

    [Test]
    public void AddOracle_FindsTheSameOneAgain_AndNeverAPerson()
    {
        using TemporaryStore temporary = new();
        Labeler oracle = temporary.Store.AddOracle("oracle");
        Assert.That(temporary.Store.AddOracle("oracle"), Is.EqualTo(oracle));
        temporary.Invite("Ada");
        Assert.That(() => temporary.Store.AddOracle("Ada"), Throws.ArgumentException);
    }
}
