using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences.Tests;

/// <summary>Fifty at once.</summary>
public sealed class ManyLabelersTests
{
    private const int Labelers = 50;

    [Test]
    public async Task Labelers_NeverAnswerTheSamePair_AndLeaveNone()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        const int Pairs = 600;
        AddPairs(temporary.Store, run, Pairs);
        (long Query, AnswerStatus Status)[][] answers = await Task.WhenAll(Enumerable.Range(0, Labelers).Select(async i =>
        {
            long labeler = temporary.Store.AddOracle($"o{i}").Id;
            List<(long, AnswerStatus)> mine = [];
            while (await temporary.Store.ClaimAsync(labeler, run, 3) is { Count: > 0 } claims)
            {
                foreach (Claim claim in claims)
                    mine.Add((claim.Query.Id, (await temporary.Store.AnswerAsync(claim.Id, labeler, Judgement.Of(Answer.Left))).Status));
            }

            return mine.ToArray();
        }));
        (long Query, AnswerStatus Status)[] all = [.. answers.SelectMany(mine => mine)];
        Assert.That(all, Has.Length.EqualTo(Pairs));
        Assert.That(all.Select(answer => answer.Status), Is.All.EqualTo(AnswerStatus.Accepted));
        Assert.That(all.Select(answer => answer.Query), Is.Unique);
        Assert.That(temporary.Store.GetProgress(run) is { Answered: Pairs, Waiting: 0 });
    }

    [Test]
    public async Task Answers_AreAllTaken_WithManyComparisonsStored()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        long old = temporary.Store.AddOracle("old").Id;
        AddPairs(temporary.Store, run, 100_000);
        temporary.Store.Write(database =>
        {
            // As if answered one by one.
            database.Script(
                $"""
                INSERT INTO shown (query, labeler, display_order, at, locked_until) SELECT id, {old}, '0,1', 0, 0 FROM queries;
                INSERT INTO answers (run, query, labeler, shown, choice, at) SELECT {run}, query, {old}, id, 'Left', 0 FROM shown;
                DELETE FROM pending;
                """);
            return true;
        });
        AddPairs(temporary.Store, run, 5_000, first: 1_000_000);
        long[] labelers = [.. Enumerable.Range(0, Labelers).Select(i => temporary.Store.AddOracle($"o{i}").Id)];

        // How long it takes is what `bench labeling` measures.
        AnswerStatus[][] answers = await Task.WhenAll(labelers.Select(labeler => Task.Run(async () =>
        {
            List<AnswerStatus> mine = [];
            for (int i = 0; i < 30; i++)
            {
                Claim claim = (await temporary.Store.ClaimAsync(labeler, run))[0];
                mine.Add((await temporary.Store.AnswerAsync(claim.Id, labeler, Judgement.Of(Answer.Right))).Status);
            }

            return mine.ToArray();
        })));
        Assert.That(answers.SelectMany(mine => mine), Is.All.EqualTo(AnswerStatus.Accepted));
        Assert.That(temporary.Store.GetProgress(run).Answered, Is.EqualTo(100_000 + (30 * Labelers)));
    }

    private static void AddPairs(PreferenceStore store, long run, int count, int first = 0)
    {
        // The same few clips in many pairs.
        int clips = (int)Math.Ceiling(Math.Sqrt(2.0 * count)) + 1;
        IReadOnlyList<long> ids = store.AddSegments([.. Enumerable.Range(first, clips).Select(i => Samples.Segment(run, i))]);
        store.AddQueries(
        [
            .. Enumerable.Range(0, clips).SelectMany(a => Enumerable.Range(a + 1, clips - a - 1).Select(b => (a, b))).Take(count)
                .Select(pair => new Query { RunId = run, Items = [ids[pair.a], ids[pair.b]] }),
        ]);
    }
}
