namespace Rlhf.Preferences.Tests;

public sealed class ClaimTests
{
    [Test]
    public void Claim_GoesByPriority_ThenNewestFirst()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        long old = temporary.AddPair(run, 0), urgent = temporary.AddPair(run, 1, priority: 1), recent = temporary.AddPair(run, 2);
        long labeler = temporary.Invite("Ada");
        List<long> order = [];
        while (temporary.Store.Claim(labeler, run) is Claim claim)
        {
            order.Add(claim.Query.Id);
            temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Tie));
        }

        Assert.That(order, Is.EqualTo(new[] { urgent, recent, old }));
    }

    [Test]
    public void Claim_IsKeptFromOthers_UntilTheLockEnds()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), query = temporary.AddPair(run, 0);
        long ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        Assert.That(temporary.Store.Claim(ada, run)!.Query.Id, Is.EqualTo(query));
        Assert.That(temporary.Store.Claim(bob, run), Is.Null);
        temporary.Clock.Advance(119);
        Assert.That(temporary.Store.Claim(bob, run), Is.Null);
        temporary.Clock.Advance(1);
        Assert.That(temporary.Store.Claim(bob, run)!.Query.Id, Is.EqualTo(query));
    }

    [Test]
    public void Claim_ComesBackToItsHolder_LockedAnew()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        temporary.AddPair(run, 0);
        temporary.AddPair(run, 1);
        long labeler = temporary.Invite("Ada");
        Claim first = temporary.Store.Claim(labeler, run)!;
        temporary.Clock.Advance(60);
        Claim again = temporary.Store.Claim(labeler, run)!;
        Assert.That(again.Id, Is.EqualTo(first.Id));
        Assert.That(again.LockedUntil - first.LockedUntil, Is.EqualTo(TimeSpan.FromSeconds(60)));
    }

    [Test]
    public async Task ClaimAsync_FillsUpToTheCount_HeldOnesFirst()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        for (int i = 0; i < 4; i++)
            temporary.AddPair(run, i);
        long labeler = temporary.Invite("Ada");
        IReadOnlyList<Claim> held = await temporary.Store.ClaimAsync(labeler, run, 3);
        temporary.Store.Answer(held[0].Id, labeler, Judgement.Of(Answer.Left));
        IReadOnlyList<Claim> next = await temporary.Store.ClaimAsync(labeler, run, 3);
        Assert.That(held, Has.Count.EqualTo(3));
        Assert.That(next.Take(2).Select(claim => claim.Id), Is.EqualTo(held.Skip(1).Select(claim => claim.Id)));
        Assert.That(next[2].Query.Id, Is.Not.AnyOf(held.Select(claim => (object)claim.Query.Id).ToArray()));
    }

    [Test]
    public void Release_GivesTheQueryToOthersAtOnce()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), query = temporary.AddPair(run, 0);
        long ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        Claim claim = temporary.Store.Claim(ada, run)!;
        Assert.That(temporary.Store.Release(claim.Id, bob), Is.False);
        Assert.That(temporary.Store.Release(claim.Id, ada), Is.True);
        Assert.That(temporary.Store.Claim(bob, run)!.Query.Id, Is.EqualTo(query));
    }

    [Test]
    public void Claim_GivesAQueryToEachLabelerOnce_WhenTwoAnswersAreWanted()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), query = temporary.AddPair(run, 0, wanted: 2);
        long ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob"), eve = temporary.Invite("Eve");
        Claim first = temporary.Store.Claim(ada, run)!, second = temporary.Store.Claim(bob, run)!;
        Assert.That((first.Query.Id, second.Query.Id), Is.EqualTo((query, query)));
        temporary.Store.Answer(first.Id, ada, Judgement.Of(Answer.Left));
        Assert.That(temporary.Store.Claim(ada, run), Is.Null);
        temporary.Store.Answer(second.Id, bob, Judgement.Of(Answer.Left));
        Assert.That(temporary.Store.Claim(eve, run), Is.Null);
    }

    [Test]
    public void Claim_Throws_ForARevokedLabeler_AndFreesWhatTheyHeld()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), query = temporary.AddPair(run, 0);
        long ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        Claim claim = temporary.Store.Claim(ada, run)!;
        temporary.Store.RevokeLabeler(ada);
        Assert.That(() => temporary.Store.Claim(ada, run), Throws.ArgumentException);
        Assert.That(temporary.Store.Answer(claim.Id, ada, Judgement.Of(Answer.Left)).Status, Is.EqualTo(AnswerStatus.Unknown));
        Assert.That(temporary.Store.Claim(bob, run)!.Query.Id, Is.EqualTo(query));
    }

    [Test]
    public void Claim_PutsEachItemOnEachSide_AboutEquallyOften()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), labeler = temporary.Invite("Ada");
        for (int i = 0; i < 64; i++)
            temporary.AddPair(run, i);
        int firstLeft = 0;
        while (temporary.Store.Claim(labeler, run) is Claim claim)
        {
            firstLeft += claim.Order[0] == 0 ? 1 : 0;
            temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Tie));
        }

        Assert.That(firstLeft, Is.InRange(20, 44));
    }
}
