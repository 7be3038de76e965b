using Microsoft.Data.Sqlite;
using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences.Tests;

public sealed class MigrationTests
{
    [Test]
    public void Version1_GoesOn_WithWhoHasAnsweredWhat()
    {
        using TemporaryStore temporary = new();
        using (Database old = new StoreFile(temporary.Path, TimeSpan.FromSeconds(1), [Schema.Migrations[0]]).Open())
        {
            // Two labelers; query 1 waits for a second answer after Ada's, query 2 after one that Ada took back.
            old.Script(
                """
                INSERT INTO runs VALUES (1, 'r', 'e', 'Figures', 'i', '', 40, '{}', 0);
                INSERT INTO segments (id, run, step, length, observation_shape, encoding, observations, actions, states, poses, hash, created)
                    VALUES (1, 1, 0, 1, '1', 'f32', x'00000000', x'00000000', x'', x'', x'01', 0), (2, 1, 0, 1, '1', 'f32', x'00000000', x'00000000', x'', x'', x'02', 0),
                           (3, 1, 0, 1, '1', 'f32', x'00000000', x'00000000', x'', x'', x'03', 0);
                INSERT INTO queries VALUES (1, 1, 'ClipPair', '1,2', '1,2', 0, 0, 2, NULL, 0), (2, 1, 'ClipPair', '1,3', '1,3', 0, 0, 1, NULL, 0);
                INSERT INTO labelers VALUES (1, 'Ada', 'Human', NULL, 0), (2, 'Bob', 'Human', NULL, 0);
                INSERT INTO shown VALUES (1, 1, 1, '0,1', 0, 0), (2, 2, 1, '0,1', 0, 0);
                INSERT INTO answers (id, run, query, labeler, shown, choice, retracts, at)
                    VALUES (1, 1, 1, 1, 1, 'Left', NULL, 0), (2, 1, 2, 1, 2, 'Right', NULL, 0), (3, 1, 2, 1, 2, NULL, 2, 0);
                INSERT INTO pending (run, query, priority) VALUES (1, 1, 0), (1, 2, 0);
                """);
        }

        Assert.That(
            temporary.Store.Read(database => database.Rows("SELECT answered FROM pending ORDER BY query", row => row.GetString(0))),
            Is.EqualTo(new[] { ",1,", "" }));
        Claim only = temporary.Store.Claim(1, 1)!;
        Assert.That(only.Query.Id, Is.EqualTo(2));
        temporary.Store.Answer(only.Id, 1, Judgement.Of(Answer.Left));
        Assert.That(temporary.Store.Claim(1, 1), Is.Null);
        Assert.That(temporary.Store.Claim(2, 1)!.Query.Id, Is.EqualTo(1));
        Assert.That(temporary.Store.GetComparisons(1).Added.Select(comparison => comparison.QueryId), Is.EqualTo(new[] { 1L, 2L }));
    }

    [Test]
    public void Claim_LooksAtNoQueryThatTheLabelerAnswered()
    {
        // Else each claim would walk over all that wait for somebody else.
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(), ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        for (int i = 0; i < 5; i++)
            temporary.AddPair(run, i, wanted: 3);
        List<long> Answered(long labeler)
        {
            List<long> queries = [];
            while (temporary.Store.Claim(labeler, run) is Claim claim)
            {
                temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left));
                queries.Add(claim.Query.Id);
            }

            return queries;
        }

        Assert.That(Answered(ada), Is.EqualTo(new[] { 5L, 4, 3, 2, 1 }));
        Assert.That(Answered(bob), Is.EqualTo(new[] { 5L, 4, 3, 2, 1 }));
        Assert.That(
            temporary.Store.Read(database => database.Rows("SELECT DISTINCT answered FROM pending", row => row.GetString(0))),
            Is.EqualTo(new[] { $",{ada},{bob}," }));
        temporary.Store.Undo(bob, run);
        Assert.That(Answered(bob), Is.EqualTo(new[] { 1L }));
        Assert.That(
            temporary.Store.Read(database => database.Rows(
                "EXPLAIN QUERY PLAN SELECT id FROM pending WHERE run = 1 AND answered = '' AND locked_until <= 0 ORDER BY priority DESC, query DESC",
                row => row.GetString(3))),
            Has.All.Contains("USING").And.All.Contains("INDEX pending_in_order"));
    }
}
