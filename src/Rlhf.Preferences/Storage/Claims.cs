using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>Which query goes to whom.</summary>
internal static class Claims
{
    // Not locked, and not in front of this labeler in another place.
    private const string Next =
        """
        SELECT p.id, p.query, p.priority FROM pending p
        WHERE p.run = $0 AND p.answered = $3 AND p.locked_until <= $1
          AND NOT EXISTS (SELECT 1 FROM pending o WHERE o.query = p.query AND o.labeler = $2 AND o.locked_until > $1)
        ORDER BY p.priority DESC, p.query DESC LIMIT 1
        """;

    /// <summary>What the labeler holds already, locked anew, and then more up to the count.</summary>
    public static IReadOnlyList<Claim> Take(Database database, long labeler, long run, int count, long now, long lockMilliseconds)
    {
        if (!Labelers.IsActive(database, labeler))
            throw new ArgumentException($"labeler {labeler}: not in the store, or revoked");
        Runs.Require(database, run);
        List<long> shown = database.Rows(
            "SELECT shown FROM pending WHERE labeler = $0 AND run = $1 AND locked_until > $2 ORDER BY shown",
            row => row.GetInt64(0), labeler, run, now);
        if (shown.Count > count)
            shown.RemoveRange(count, shown.Count - count);
        foreach (long id in shown)
            database.Execute("UPDATE pending SET locked_until = $1 WHERE shown = $0", id, now + lockMilliseconds);
        while (shown.Count < count)
        {
            if (Best(database, labeler, run, now) is not (long slot, long query))
                break;
            shown.Add(Show(database, slot, query, labeler, now, lockMilliseconds));
        }

        return [.. shown.Select(id => Find(database, id)!)];
    }

    /// <summary>Notes that a query is shown, and locks its slot.</summary>
    public static long Show(Database database, long slot, long query, long labeler, long now, long lockMilliseconds)
    {
        int items = Queries.Find(database, query)!.Items.Count;
        long count = database.Number("SELECT seq FROM sqlite_sequence WHERE name = 'shown'") ?? 0;
        long id = database.Insert(
            "INSERT INTO shown (query, labeler, display_order, at, locked_until) VALUES ($0, $1, $2, $3, $4)",
            query, labeler, string.Join(',', DisplayOrder(items, (ulong)count)), now, now + lockMilliseconds);
        database.Execute(
            "UPDATE pending SET shown = $1, labeler = $2, locked_until = $3 WHERE id = $0", slot, id, labeler, now + lockMilliseconds);
        return id;
    }

    public static Claim? Find(Database database, long id) => database.First(
        $"""
        SELECT s.id, s.labeler, s.display_order, s.at, COALESCE(p.locked_until, s.locked_until), {Queries.Fields}
        FROM shown s JOIN queries q ON q.id = s.query LEFT JOIN pending p ON p.shown = s.id WHERE s.id = $0
        """,
        Read,
        id);

    /// <summary>Starts the lock of a claim anew where it still holds.</summary>
    public static DateTimeOffset? Renew(Database database, long id, long labeler, long now, long lockMilliseconds) =>
        database.Execute("UPDATE pending SET locked_until = $3 WHERE shown = $0 AND labeler = $1 AND locked_until > $2", id, labeler, now, now + lockMilliseconds) > 0
            ? DateTimeOffset.FromUnixTimeMilliseconds(now + lockMilliseconds)
            : null;

    /// <summary>What the labeler holds of a query, locked anew, or else a slot of it that nobody holds; null where there is neither.</summary>
    public static Claim? Again(Database database, long query, long labeler, long now, long lockMilliseconds)
    {
        if (database.Number("SELECT shown FROM pending WHERE query = $0 AND labeler = $1 AND locked_until > $2", query, labeler, now) is long shown)
        {
            _ = Renew(database, shown, labeler, now, lockMilliseconds);
            return Find(database, shown);
        }

        return database.Number("SELECT id FROM pending WHERE query = $0 AND locked_until <= $1 LIMIT 1", query, now) is long slot
            ? Find(database, Show(database, slot, query, labeler, now, lockMilliseconds))
            : null;
    }

    /// <summary>Gives a query back unanswered.</summary>
    public static bool Release(Database database, long id, long labeler) => database.Execute(
        "UPDATE pending SET shown = NULL, labeler = NULL, locked_until = 0 WHERE shown = $0 AND labeler = $1", id, labeler) > 0;

    /// <summary>The first in order of all that the labeler has not answered: one look for each group of queries that the same have answered.</summary>
    private static (long Slot, long Query)? Best(Database database, long labeler, long run, long now)
    {
        (long Slot, long Query, long Priority) best = default;
        string? group = database.First("SELECT MIN(answered) FROM pending WHERE run = $0", row => row.TextOrNull(0), run);
        for (; group is not null; group = database.First(
            "SELECT MIN(answered) FROM pending WHERE run = $0 AND answered > $1", row => row.TextOrNull(0), run, group))
        {
            if (group.Contains($",{labeler},", StringComparison.Ordinal))
                continue;
            (long Slot, long Query, long Priority) next = database.First(
                Next, row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), run, now, labeler, group);
            if (next.Slot != 0 && (best.Slot == 0 || (next.Priority, next.Query).CompareTo((best.Priority, best.Query)) > 0))
                best = next;
        }

        return best.Slot == 0 ? null : (best.Slot, best.Query);
    }

    private static Claim Read(SqliteDataReader row) => new()
    {
        Id = row.GetInt64(0),
        LabelerId = row.GetInt64(1),
        Order = Columns.Numbers(row.GetString(2)),
        ShownAt = row.Time(3),
        LockedUntil = row.Time(4),
        Query = Queries.Read(row, 5),
    };

    /// <summary>Fisher-Yates on SplitMix64 of how many were shown before: balanced, and the same in a run that is repeated.</summary>
    private static int[] DisplayOrder(int items, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, items)];
        for (int i = items - 1; i > 0; i--)
        {
            int other = (int)(SplitMix64.Next(ref seed) % (ulong)(i + 1));
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }
}
