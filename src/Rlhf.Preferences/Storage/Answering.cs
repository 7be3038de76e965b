using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>The table of answers: what was said, undone and replaced.</summary>
internal static class Answering
{
    /// <summary>An answer <c>a</c> that says something and was not taken back.</summary>
    public const string Valid =
        "(a.choice IS NOT NULL OR a.body IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM answers r WHERE r.retracts = a.id)";

    private const string LabelFields =
        $"a.id, a.labeler, a.choice, a.body, a.at, EXISTS (SELECT 1 FROM answers r WHERE r.retracts = a.id), {Queries.Fields}";

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    private sealed record Body(IReadOnlyList<int>? Ranks, IReadOnlyList<int>? Quality, string? Text);

    public static AnswerResult Add(Database database, long shown, long labeler, Judgement judgement, long now, long graceMilliseconds)
    {
        Claim? claim = Claims.Find(database, shown);
        if (claim is null || claim.LabelerId != labeler || !Labelers.IsActive(database, labeler))
            return new(AnswerStatus.Unknown, 0);
        Judgements.Validate(claim.Query, judgement);
        if (database.Any($"SELECT 1 FROM answers a WHERE a.query = $0 AND a.labeler = $1 AND {Valid}", claim.Query.Id, labeler))
            return new(AnswerStatus.AlreadyAnswered, 0);
        long? slot = database.Number("SELECT id FROM pending WHERE shown = $0 AND locked_until + $1 > $2", shown, graceMilliseconds, now);
        if (slot is null)
        {
            bool wanted = database.Any("SELECT 1 FROM pending WHERE query = $0", claim.Query.Id);
            return new(wanted ? AnswerStatus.LockExpired : AnswerStatus.AlreadyAnswered, 0);
        }

        database.Execute("DELETE FROM pending WHERE id = $0", slot);
        return new(AnswerStatus.Accepted, Insert(database, claim.Query, shown, labeler, Judgements.FromDisplay(judgement, claim.Order), null, now));
    }

    /// <summary>Takes the labeler's last answer of a run back and shows its query again; of a named query that one, and that it is taken back already changes nothing.</summary>
    public static Claim? Undo(Database database, long labeler, long run, long? query, long now, long lockMilliseconds)
    {
        if (!Labelers.IsActive(database, labeler))
            throw new ArgumentException($"labeler {labeler}: not in the store, or revoked");
        (long Answer, long Shown, long Query, int Priority) last = database.First(
            $"""
            SELECT a.id, a.shown, a.query, q.priority FROM answers a JOIN queries q ON q.id = a.query
            WHERE a.labeler = $0 AND a.run = $1 AND {Valid} ORDER BY a.id DESC LIMIT 1
            """,
            row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt32(3)), labeler, run);
        if (query is long named && named != last.Query)
            return IsTakenBack(database, named, labeler) ? Claims.Again(database, named, labeler, now, lockMilliseconds) : null;
        if (last.Answer == 0)
            return null;
        database.Execute(
            "INSERT INTO answers (run, query, labeler, shown, retracts, at) VALUES ($0, $1, $2, $3, $4, $5)",
            run, last.Query, labeler, last.Shown, last.Answer, now);
        long slot = database.Insert("INSERT INTO pending (run, query, priority) VALUES ($0, $1, $2)", run, last.Query, last.Priority);
        Regroup(database, last.Query);
        return Claims.Find(database, Claims.Show(database, slot, last.Query, labeler, now, lockMilliseconds));
    }

    private static bool IsTakenBack(Database database, long query, long labeler) => database.First(
        "SELECT a.retracts IS NOT NULL AND a.choice IS NULL AND a.body IS NULL FROM answers a WHERE a.query = $0 AND a.labeler = $1 ORDER BY a.id DESC LIMIT 1",
        row => row.GetInt64(0) != 0, query, labeler);

    /// <summary>Puts another answer in the place of one; the judgement is in the query's order.</summary>
    public static AnswerResult Replace(Database database, long answer, long labeler, Judgement judgement, long now)
    {
        (long Query, long Shown) old = database.First(
            $"SELECT a.query, a.shown FROM answers a WHERE a.id = $0 AND a.labeler = $1 AND {Valid}",
            row => (row.GetInt64(0), row.GetInt64(1)), answer, labeler);
        if (old.Query == 0 || !Labelers.IsActive(database, labeler))
            return new(AnswerStatus.Unknown, 0);
        Query query = Queries.Find(database, old.Query)!;
        Judgements.Validate(query, judgement);
        return new(AnswerStatus.Accepted, Insert(database, query, old.Shown, labeler, judgement, answer, now));
    }

    public static Label? Find(Database database, long query, long labeler) => database.First(
        $"SELECT {LabelFields} FROM answers a JOIN queries q ON q.id = a.query WHERE a.query = $0 AND a.labeler = $1 AND {Valid} ORDER BY a.id DESC LIMIT 1",
        ReadLabel, query, labeler);

    public static IReadOnlyList<Label> Labels(Database database, long run, long after) => database.Rows(
        $"SELECT {LabelFields} FROM answers a JOIN queries q ON q.id = a.query WHERE a.run = $0 AND a.id > $1 AND {Valid} ORDER BY a.id",
        ReadLabel, run, after);

    public static IReadOnlyList<Label> History(Database database, long run, long? labeler, long before, int count) => database.Rows(
        $"""
        SELECT {LabelFields} FROM answers a JOIN queries q ON q.id = a.query
        WHERE a.run = $0 AND a.id < $1 AND (a.choice IS NOT NULL OR a.body IS NOT NULL) {(labeler is null ? "" : "AND a.labeler = $3")}
        ORDER BY a.id DESC LIMIT $2
        """,
        ReadLabel,
        labeler is null ? [run, before, count] : [run, before, count, labeler]);

    public static ComparisonChanges Changes(Database database, long run, long after)
    {
        List<Comparison> added = database.Rows(
            $"""
            SELECT a.id, a.query, a.choice, q.items, a.labeler FROM answers a JOIN queries q ON q.id = a.query
            WHERE a.run = $0 AND a.id > $1 AND a.choice <> '{nameof(Answer.CannotTell)}' AND q.kind <> '{nameof(QueryKind.BlindVote)}' AND {Valid}
            ORDER BY a.id
            """,
            ReadComparison, run, after);
        List<long> withdrawn = database.Rows(
            "SELECT retracts FROM answers WHERE run = $0 AND id > $1 AND retracts <= $1 ORDER BY id", row => row.GetInt64(0), run, after);
        long through = database.Number("SELECT MAX(id) FROM answers WHERE run = $0", run) ?? 0;
        return new ComparisonChanges(added, withdrawn, Math.Max(after, through));
    }

    public static long Insert(Database database, Query query, long shown, long labeler, Judgement judgement, long? retracts, long now)
    {
        Body body = new(judgement.Ranks, judgement.Quality, judgement.Text);
        long id = database.Insert(
            "INSERT INTO answers (run, query, labeler, shown, choice, body, retracts, at) VALUES ($0, $1, $2, $3, $4, $5, $6, $7)",
            query.RunId, query.Id, labeler, shown, judgement.Choice?.ToString(),
            body == new Body(null, null, null) ? null : JsonSerializer.Serialize(body, Json), retracts, now);
        Regroup(database, query.Id);
        return id;
    }

    private static void Regroup(Database database, long query) =>
        database.Execute($"UPDATE pending SET answered = {Schema.AnsweredBy} WHERE query = $0", query);

    private static Comparison ReadComparison(SqliteDataReader row)
    {
        long[] items = Columns.Ids(row.GetString(3));
        return new(row.GetInt64(0), row.GetInt64(1), items[0], items[1], row.Named<Answer>(2).LeftWeight()!.Value, row.GetInt64(4));
    }

    private static Label ReadLabel(SqliteDataReader row)
    {
        Body body = row.TextOrNull(3) is string json ? JsonSerializer.Deserialize<Body>(json, Json)! : new(null, null, null);
        Judgement judgement = new()
        {
            Choice = row.IsDBNull(2) ? null : row.Named<Answer>(2),
            Ranks = body.Ranks,
            Quality = body.Quality,
            Text = body.Text,
        };
        return new(row.GetInt64(0), Queries.Read(row, 6), row.GetInt64(1), judgement, row.Time(4), row.GetInt64(5) != 0);
    }
}
