using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

public sealed class AgreementTests
{
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
}
