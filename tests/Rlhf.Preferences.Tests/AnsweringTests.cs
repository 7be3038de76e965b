namespace Rlhf.Preferences.Tests;

public sealed class AnsweringTests
{
    [Test]
    public void Answer_IsThereAfterReopening_InTheOrderOfTheQuery()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        for (int i = 0; i < 8; i++)
            temporary.AddPair(run, i);
        Dictionary<long, long> better = [];
        while (temporary.Store.Claim(labeler, run) is Claim claim)
        {
            AnswerResult result = temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left));
            better[result.LabelId] = claim.Displayed[0];
        }

        temporary.Close();
        IReadOnlyList<Comparison> comparisons = temporary.Store.GetComparisons(run).Added;
        Assert.That(comparisons, Has.Count.EqualTo(8));
        Assert.That(comparisons.Select(c => c.FirstWeight).Distinct().Order(), Is.EqualTo(new[] { 0f, 1f }), "both sides occur");
        Assert.That(comparisons.Select(c => c.FirstWeight == 1 ? c.First : c.Second), Is.EqualTo(comparisons.Select(c => better[c.Id])));
    }

    [Test]
    public void GetComparisons_HalvesTies_AndLeavesCannotTellOut()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        temporary.AddPair(run, 0);
        temporary.AddPair(run, 1);
        temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Of(Answer.CannotTell));
        temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Of(Answer.Tie));
        Assert.That(temporary.Store.GetComparisons(run).Added.Select(c => c.FirstWeight), Is.EqualTo(new[] { 0.5f }));
        Assert.That(temporary.Store.GetLabels(run), Has.Count.EqualTo(2));
        LabelProgress progress = temporary.Store.GetProgress(run);
        Assert.That((progress.Queries, progress.Waiting, progress.Answered, progress.CannotTell), Is.EqualTo((2L, 0L, 2L, 1L)));
        Assert.That(progress.ByLabeler[labeler], Is.EqualTo(2));
    }

    [Test]
    public void Answer_IsRefused_TheSecondTime()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        temporary.AddPair(run, 0);
        Claim claim = temporary.Store.Claim(labeler, run)!;
        Assert.That(temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Accepted));
        Assert.That(temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Right)).Status, Is.EqualTo(AnswerStatus.AlreadyAnswered));
        Assert.That(temporary.Store.GetLabels(run), Has.Count.EqualTo(1));
    }

    [Test]
    public void Answer_IsRefused_AfterTheLock_AndTakenInItsGrace()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        temporary.AddPair(run, 0);
        Claim claim = temporary.Store.Claim(labeler, run)!;
        temporary.Clock.Advance(122);
        Assert.That(temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.LockExpired));
        temporary.Clock.Advance(-0.5);
        Assert.That(temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Accepted));
    }

    [Test]
    public void Answer_IsRefused_WhenAnotherTookTheExpiredPair()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        temporary.AddPair(run, 0);
        Claim late = temporary.Store.Claim(ada, run)!;
        temporary.Clock.Advance(121);
        Claim taken = temporary.Store.Claim(bob, run)!;
        Assert.That(temporary.Store.Answer(late.Id, ada, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.LockExpired));
        Assert.That(temporary.Store.Answer(taken.Id, bob, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Accepted));
        Assert.That(temporary.Store.Answer(late.Id, ada, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.AlreadyAnswered));
    }

    [Test]
    public void Answer_IsUnknown_ForAnotherLabelersClaim_AndForNone()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        temporary.AddPair(run, 0);
        Claim claim = temporary.Store.Claim(ada, run)!;
        Assert.That(temporary.Store.Answer(claim.Id, bob, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Unknown));
        Assert.That(temporary.Store.Answer(claim.Id + 1, ada, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Unknown));
    }

    [Test]
    public void Undo_ShowsTheQueryAgain_AndWithdrawsTheLabel()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        temporary.AddPair(run, 0);
        Claim claim = temporary.Store.Claim(labeler, run)!;
        long label = temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left)).LabelId;
        ComparisonChanges before = temporary.Store.GetComparisons(run);
        Claim again = temporary.Store.Undo(labeler, run)!;
        ComparisonChanges after = temporary.Store.GetComparisons(run, before.Through);
        long second = temporary.Store.Answer(again.Id, labeler, Judgement.Of(Answer.Tie)).LabelId;
        ComparisonChanges last = temporary.Store.GetComparisons(run, after.Through);
        Assert.Multiple(() =>
        {
            Assert.That(again.Query.Id, Is.EqualTo(claim.Query.Id));
            Assert.That(again.Id, Is.Not.EqualTo(claim.Id));
            Assert.That(before.Added.Select(c => c.Id), Is.EqualTo(new[] { label }));
            Assert.That(after.Withdrawn, Is.EqualTo(new[] { label }));
            Assert.That(after.Added, Is.Empty);
            Assert.That(last.Added.Select(c => (c.Id, c.FirstWeight)), Is.EqualTo(new[] { (second, 0.5f) }));
            Assert.That(last.Withdrawn, Is.Empty);
            Assert.That(temporary.Store.GetComparisons(run).Withdrawn, Is.Empty, "a reader from the start never saw it");
            Assert.That(temporary.Store.GetHistory(run).Select(l => (l.Id, l.Retracted)), Is.EqualTo(new[] { (second, false), (label, true) }));
        });
    }

    [Test]
    public void Undo_OfANamedQuery_MayBeRepeated_AndTakesNoOtherBack()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        long first = temporary.AddPair(run, 0, priority: 1), second = temporary.AddPair(run, 1);
        for (int i = 0; i < 2; i++)
            temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Of(Answer.Left));
        Assert.That(temporary.Store.Undo(labeler, run, first), Is.Null, "not the last");
        Claim again = temporary.Store.Undo(labeler, run, second)!;
        Assert.That(temporary.Store.Undo(labeler, run, second), Is.EqualTo(again).Using<Claim>((a, b) => (a.Id, a.LockedUntil) == (b.Id, b.LockedUntil)));
        Assert.That(temporary.Store.GetLabels(run).Select(label => label.Query.Id), Is.EqualTo(new[] { first }));
        temporary.Store.Release(again.Id, labeler);
        Assert.That(temporary.Store.Undo(labeler, run, second)!.Query.Id, Is.EqualTo(second), "free, and hers again");
        Assert.That(temporary.Store.GetProgress(run).Waiting, Is.EqualTo(1));
    }

    [Test]
    public void Undo_GoesBackStepByStep_UntilNothingIsLeft()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada"), other = temporary.Invite("Bob");
        List<long> answered = [];
        for (int i = 0; i < 3; i++)
        {
            temporary.AddPair(run, i);
            Claim claim = temporary.Store.Claim(labeler, run)!;
            temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left));
            answered.Add(claim.Query.Id);
        }

        Assert.That(temporary.Store.Undo(other, run), Is.Null);
        List<long> undone = [];
        while (temporary.Store.Undo(labeler, run) is Claim claim)
            undone.Add(claim.Query.Id);
        Assert.That(undone, Is.EqualTo(answered.AsEnumerable().Reverse()));
        Assert.That(temporary.Store.GetProgress(run).Waiting, Is.EqualTo(3));
    }

    [Test]
    public void Replace_CountsTheNewAnswerOnly()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada"), other = temporary.Invite("Bob");
        temporary.AddPair(run, 0);
        long label = temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Of(Answer.Tie)).LabelId;
        Assert.That(temporary.Store.Replace(label, other, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Unknown));
        AnswerResult replaced = temporary.Store.Replace(label, labeler, Judgement.Of(Answer.Left));
        Assert.That(replaced.Status, Is.EqualTo(AnswerStatus.Accepted));
        Assert.That(temporary.Store.Replace(label, labeler, Judgement.Of(Answer.Right)).Status, Is.EqualTo(AnswerStatus.Unknown), "it no longer counts");
        ComparisonChanges changes = temporary.Store.GetComparisons(run, label);
        Assert.That(changes.Withdrawn, Is.EqualTo(new[] { label }));
        Assert.That(changes.Added.Select(c => (c.Id, c.FirstWeight)), Is.EqualTo(new[] { (replaced.LabelId, 1f) }));
    }

    [Test]
    public void GetProgress_FollowsEveryChangeOfMind()
    {
        using TemporaryStore temporary = new();
        using PreferenceStore fresh = temporary.Open();
        long run = temporary.AddRun(), ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        Random random = new(2);
        for (int i = 0; i < 60; i++)
        {
            temporary.AddPair(run, i, wanted: random.Next(1, 3));
            long labeler = random.Next(2) == 0 ? ada : bob;
            if (random.Next(4) == 0)
                temporary.Store.Undo(labeler, run);
            if (temporary.Store.Claim(labeler, run) is Claim claim)
            {
                long label = temporary.Store.Answer(claim.Id, labeler, Judgement.Of((Answer)random.Next(4))).LabelId;
                if (random.Next(3) == 0)
                    temporary.Store.Replace(label, labeler, Judgement.Of((Answer)random.Next(4)));
            }

            LabelProgress progress = temporary.Store.GetProgress(run);
            IReadOnlyList<Label> labels = temporary.Store.GetLabels(run);
            Assert.That(progress.Queries, Is.EqualTo(i + 1));
            Assert.That(progress.Answered, Is.EqualTo(labels.Count));
            Assert.That(progress.CannotTell, Is.EqualTo(labels.Count(label => label.Judgement.Choice == Answer.CannotTell)));
            Assert.That(progress.ByLabeler, Is.EquivalentTo(labels.GroupBy(label => label.LabelerId).ToDictionary(g => g.Key, g => (long)g.Count())));
        }

        Assert.That(fresh.GetProgress(run).Answered, Is.EqualTo(temporary.Store.GetProgress(run).Answered));
    }

    [Test]
    public void Ranking_IsStoredInTheOrderOfTheQuery()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts), labeler = temporary.Invite("Ada");
        IReadOnlyList<long> texts = temporary.Store.AddTexts(
            [.. Enumerable.Range(0, 5).Select(i => new TextSample(0, run, "p", $"r{i}", "m"))]);
        temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.Ranking, Items = texts });
        Claim claim = temporary.Store.Claim(labeler, run)!;
        temporary.Store.Answer(claim.Id, labeler, Judgement.Ranking([1, 2, 2, 4, 5], [7, 6, 6, 3, 1]));
        Judgement stored = temporary.Store.GetLabels(run)[0].Judgement;
        Assert.That(claim.Order, Is.EquivalentTo(new[] { 0, 1, 2, 3, 4 }));
        Assert.That(claim.Order.Select(item => stored.Ranks![item]), Is.EqualTo(new[] { 1, 2, 2, 4, 5 }));
        Assert.That(claim.Order.Select(item => stored.Quality![item]), Is.EqualTo(new[] { 7, 6, 6, 3, 1 }));
    }

    [Test]
    public void CannotTell_AnswersARanking_AndADemonstration()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts), labeler = temporary.Invite("Ada");
        IReadOnlyList<long> texts = temporary.Store.AddTexts([.. Enumerable.Range(0, 4).Select(i => new TextSample(0, run, "Why?", $"{i}", "model"))]);
        temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.Ranking, Items = texts });
        temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.Demonstration, Items = [texts[0]] });
        for (int i = 0; i < 2; i++)
        {
            Claim claim = temporary.Store.Claim(labeler, run)!;
            Assert.That(temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.CannotTell)).Status, Is.EqualTo(AnswerStatus.Accepted));
        }

        Assert.That(temporary.Store.GetLabels(run).Select(label => label.Judgement), Is.All.EqualTo(Judgement.Of(Answer.CannotTell)));
        Assert.That(temporary.Store.GetComparisons(run).Added, Is.Empty);
    }

    [Test]
    public async Task Renew_StartsAClaimsLockAnew_WhereItStillHolds()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), ada = temporary.Invite("Ada"), grace = temporary.Invite("Grace");
        temporary.AddPair(run, 0);
        Claim claim = temporary.Store.Claim(ada, run)!;
        temporary.Clock.Advance(100);
        Assert.That(await temporary.Store.RenewAsync(claim.Id, ada), Is.EqualTo(temporary.Clock.GetUtcNow() + temporary.Store.LockDuration));
        Assert.That(await temporary.Store.RenewAsync(claim.Id, grace), Is.Null);
        temporary.Clock.Advance(100);
        Assert.That(temporary.Store.Claim(grace, run), Is.Null, "still Ada's");
        temporary.Clock.Advance(21);
        Assert.That(await temporary.Store.RenewAsync(claim.Id, ada), Is.Null);
    }

    [Test]
    public void FindLabel_GivesTheAnswerThatCounts()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), ada = temporary.Invite("Ada"), grace = temporary.Invite("Grace");
        long query = temporary.AddPair(run, 0);
        Assert.That(temporary.Store.FindLabel(query, ada), Is.Null);
        long first = temporary.Store.Answer(temporary.Store.Claim(ada, run)!.Id, ada, Judgement.Of(Answer.Tie)).LabelId;
        temporary.Store.Replace(first, ada, Judgement.Of(Answer.Right));
        Assert.That(temporary.Store.FindLabel(query, ada)!.Judgement, Is.EqualTo(Judgement.Of(Answer.Right)));
        Assert.That(temporary.Store.FindLabel(query, grace), Is.Null);
        temporary.Store.Undo(ada, run);
        Assert.That(temporary.Store.FindLabel(query, ada), Is.Null);
    }

    [Test]
    public void Demonstration_ComesBackAsWritten()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts), labeler = temporary.Invite("Ada");
        long prompt = temporary.Store.AddText(new TextSample(0, run, "Why?", "", ""));
        temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.Demonstration, Items = [prompt] });
        temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Demonstration("Because\n…"));
        Assert.That(temporary.Store.GetLabels(run)[0].Judgement, Is.EqualTo(Judgement.Demonstration("Because\n…")));
    }

    [Test]
    public void BlindVote_IsALabelButNotForTraining()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts), labeler = temporary.Invite("Ada");
        IReadOnlyList<long> texts = temporary.Store.AddTexts([new(0, run, "p", "a", "sft"), new(0, run, "p", "b", "ppo")]);
        temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.BlindVote, Items = texts });
        temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Of(Answer.Left));
        Assert.That(temporary.Store.GetLabels(run), Has.Count.EqualTo(1));
        Assert.That(temporary.Store.GetComparisons(run).Added, Is.Empty);
    }

    private static IEnumerable<TestCaseData> WrongJudgements()
    {
        yield return new TestCaseData(new Judgement(), "answer to query 1: expected a choice for ClipPair");
        yield return new TestCaseData(Judgement.Ranking([1, 2]), "answer to query 1: expected a choice for ClipPair");
        yield return new TestCaseData(Judgement.Of((Answer)9), "answer to query 1: choice 9, expected Left, Right, Tie or CannotTell");
        yield return new TestCaseData(
            Judgement.Of(Answer.Left) with { Quality = [1, 8] }, "answer to query 1: qualities 1, 8, expected 1 to 7");
        yield return new TestCaseData(Judgement.Of(Answer.Left) with { Text = "x" }, "answer to query 1: expected no text for ClipPair");
    }

    [TestCaseSource(nameof(WrongJudgements))]
    public void Answer_SaysWhatIsWrong_AndTheClaimStays(Judgement judgement, string message)
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        temporary.AddPair(run, 0);
        Claim claim = temporary.Store.Claim(labeler, run)!;
        Assert.That(() => temporary.Store.Answer(claim.Id, labeler, judgement), Throws.ArgumentException.With.Message.EqualTo(message));
        Assert.That(temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Accepted));
    }
}
