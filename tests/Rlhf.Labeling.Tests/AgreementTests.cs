using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

public sealed class AgreementTests
{
    [Test]
    public void Kappa_IsCohens()
    {
        // 20 first/first, 5 first/second, 10 second/first, 15 second/second: pₒ = 0.7, pₑ = 0.5, κ = 0.4.
        var agreement = new Agreement();
        Count(agreement, 20, 1, 1);
        Count(agreement, 5, 1, 0);
        Count(agreement, 10, 0, 1);
        Count(agreement, 15, 0, 0);
        Assert.That((agreement.Pairs, agreement.Share), Is.EqualTo((50L, 0.7)));
        Assert.That(agreement.Kappa, Is.EqualTo(0.4).Within(1e-12));
    }

    [Test]
    public void Kappa_CountsTiesAsAThirdAnswer()
    {
        // Each of three answers once, all alike: pₒ = 1; then one tie against first: pₒ = 3/4, pₑ = (2·1 + 1·1 + 1·2)/16.
        var agreement = new Agreement();
        Count(agreement, 1, 1, 1);
        Count(agreement, 1, 0, 0);
        Count(agreement, 1, 0.5f, 0.5f);
        Assert.That(agreement.Kappa, Is.EqualTo(1).Within(1e-12));
        Count(agreement, 1, 1, 0.5f);
        Assert.That(agreement.Kappa, Is.EqualTo((0.75 - (5.0 / 16)) / (1 - (5.0 / 16))).Within(1e-12));
    }

    [Test]
    public void Kappa_IsUndefined_WithoutPairs_OrWhereBothOnlySayOneThing()
    {
        var agreement = new Agreement();
        Assert.That(agreement.Kappa, Is.Null);
        Count(agreement, 7, 1, 1);
        Assert.That(agreement.Kappa, Is.Null);
        Assert.That(agreement.Share, Is.EqualTo(1));
    }

    [Test]
    public async Task Book_FollowsAnswersThatAreTakenBack()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0, wanted: 2, predicted: 0.1);
        var book = new AgreementBook(host.Store, run);
        long ada = host.Store.InviteLabeler("Ada").Labeler.Id, grace = host.Store.InviteLabeler("Grace").Labeler.Id;
        host.Store.Answer(host.Store.Claim(ada, run)!.Id, ada, Judgement.Of(Answer.Left));
        host.Store.Answer(host.Store.Claim(grace, run)!.Id, grace, Judgement.Of(Answer.Tie));
        Assert.That(book.Read().Select(row => (row.First, row.Second, row.Pairs)), Is.EquivalentTo(new[] { (ada, grace, 1L), (ada, AgreementBook.Model, 1L) }));
        host.Store.Undo(grace, run);
        Assert.That(book.Read().Select(row => (row.First, row.Second, row.Pairs)), Is.EquivalentTo(new[] { (ada, AgreementBook.Model, 1L) }));
    }

    [Test]
    public async Task BlindVotes_AreCounted_TiesHalf_WhicheverStandsFirst()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store), ada = host.Store.InviteLabeler("Ada").Labeler.Id;
        string[] wanted = ["ppo", "sft", "tie", "ppo"];
        for (int i = 0; i < 4; i++)
        {
            (string first, string second) = i % 2 == 0 ? ("ppo", "sft") : ("sft", "ppo");
            host.Store.AddQuery(new Query
            {
                RunId = run,
                Kind = QueryKind.BlindVote,
                Items = host.Store.AddTexts([new(0, run, $"prompt {i}", "x", first), new(0, run, $"prompt {i}", "y", second)]),
            });
        }

        while (host.Store.Claim(ada, run) is Claim claim)
        {
            string best = wanted[int.Parse(host.Store.GetText(claim.Displayed[0]).Prompt.Split(' ')[1])];
            Answer answer = best == "tie" ? Answer.Tie : host.Store.GetText(claim.Displayed[0]).Model == best ? Answer.Left : Answer.Right;
            host.Store.Answer(claim.Id, ada, Judgement.Of(answer));
        }

        Assert.That(BlindVotes.Count(host.Store, run), Is.EqualTo(new[] { new WinCount("ppo", "sft", 2.5 / 4, 4) }));
    }

    private static void Count(Agreement agreement, int times, float first, float second)
    {
        for (int i = 0; i < times; i++)
            agreement.Add(first, second);
    }
}
