using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>The table of queries, and the answers that they want.</summary>
internal static class Queries
{
    /// <summary>Columns of a query <c>q</c>, for <see cref="Read"/>.</summary>
    public const string Fields = "q.id, q.run, q.kind, q.items, q.priority, q.step, q.wanted, q.predicted, q.created";

    /// <summary>Fewest and most texts that a ranking has (Ouyang et al. 2022, §3.4).</summary>
    private const int MinRanked = 4, MaxRanked = 9;

    public static long Add(Database database, Query query, long now)
    {
        Validate(query);
        Runs.Require(database, query.RunId);
        string table = query.Kind == QueryKind.ClipPair ? "segments" : "texts";
        foreach (long item in query.Items)
        {
            if (!database.Any($"SELECT 1 FROM {table} WHERE id = $0 AND run = $1", item, query.RunId))
                throw new ArgumentException($"query: item {item} is not among the {table} of run {query.RunId}");
        }

        // The same things in another order are the same question.
        string set = Columns.Join(query.Items.Order());
        long? known = database.Number(
            "SELECT id FROM queries WHERE run = $0 AND kind = $1 AND item_set = $2", query.RunId, query.Kind.ToString(), set);
        if (known is not null)
            return known.Value;
        long id = database.Insert(
            """
            INSERT INTO queries (run, kind, items, item_set, priority, step, wanted, predicted, created)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8)
            """,
            query.RunId, query.Kind.ToString(), Columns.Join(query.Items), set, query.Priority, query.Step, query.AnswersWanted,
            query.Predicted, now);
        for (int i = 0; i < query.AnswersWanted; i++)
            database.Execute("INSERT INTO pending (run, query, priority) VALUES ($0, $1, $2)", query.RunId, id, query.Priority);
        return id;
    }

    public static Query? Find(Database database, long id) =>
        database.First($"SELECT {Fields} FROM queries q WHERE q.id = $0", row => Read(row, 0), id);

    public static Query Read(SqliteDataReader row, int column) => new()
    {
        Id = row.GetInt64(column),
        RunId = row.GetInt64(column + 1),
        Kind = row.Named<QueryKind>(column + 2),
        Items = Columns.Ids(row.GetString(column + 3)),
        Priority = row.GetInt32(column + 4),
        Step = row.GetInt64(column + 5),
        AnswersWanted = row.GetInt32(column + 6),
        Predicted = row.IsDBNull(column + 7) ? null : row.GetDouble(column + 7),
        Created = row.Time(column + 8),
    };

    private static void Validate(Query query)
    {
        (int least, int most) = query.Kind switch
        {
            QueryKind.Ranking => (MinRanked, MaxRanked),
            QueryKind.Demonstration => (1, 1),
            _ => (2, 2),
        };
        if (query.Items.Count < least || query.Items.Count > most)
            throw new ArgumentException($"query: {query.Items.Count} items, expected {(least == most ? $"{least}" : $"{least} to {most}")} for {query.Kind}");
        if (query.Items.Distinct().Count() != query.Items.Count)
            throw new ArgumentException($"query: items {Columns.Join(query.Items)} repeat one");
        if (query.AnswersWanted < 1)
            throw new ArgumentException($"query: {query.AnswersWanted} answers wanted, expected 1 or more");
        if (query.Predicted is double p && !(p >= 0 && p <= 1))
            throw new ArgumentException($"query: predicted probability {p}, expected 0 to 1");
    }
}
