namespace Rlhf.Preferences.Storage;

/// <summary>Counts of a run. Facts are only added, so each look reads what came since the last one.</summary>
internal sealed class ProgressTally(long run)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, long> _byLabeler = [];
    private long _queries, _lastQuery, _cannotTell, _lastAnswer;

    public LabelProgress Read(Database database, long now)
    {
        lock (_lock)
        {
            (long count, long last) = database.First(
                "SELECT COUNT(*), COALESCE(MAX(id), $1) FROM queries NOT INDEXED WHERE run = $0 AND id > $1",
                row => (row.GetInt64(0), row.GetInt64(1)), run, _lastQuery);
            (_queries, _lastQuery) = (_queries + count, last);
            Follow(database);
            return new LabelProgress(
                _queries,
                database.Number("SELECT COUNT(*) FROM pending WHERE run = $0", run) ?? 0,
                database.Number("SELECT COUNT(DISTINCT query) FROM pending WHERE run = $0 AND answered = ''", run) ?? 0,
                database.Number("SELECT COUNT(*) FROM pending WHERE run = $0 AND locked_until > $1", run, now) ?? 0,
                _byLabeler.Values.Sum(),
                _cannotTell,
                _byLabeler.Where(each => each.Value > 0).ToDictionary());
        }
    }

    // An answer that is taken back was the same labeler's and counted before: one less for each.
    private void Follow(Database database)
    {
        const string Said = "(a.choice IS NOT NULL OR a.body IS NOT NULL)", Unsure = $"'{nameof(Answer.CannotTell)}'";
        List<(long Labeler, long Answers, long CannotTell, long Last)> rows = database.Rows(
            $"""
            SELECT a.labeler, SUM({Said}) - COUNT(a.retracts), COALESCE(SUM(a.choice = {Unsure}), 0) - COALESCE(SUM(o.choice = {Unsure}), 0), MAX(a.id)
            FROM answers a LEFT JOIN answers o ON o.id = a.retracts WHERE a.run = $0 AND a.id > $1 GROUP BY a.labeler
            """,
            row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), run, _lastAnswer);
        foreach ((long labeler, long answers, long cannotTell, long last) in rows)
        {
            _byLabeler[labeler] = _byLabeler.GetValueOrDefault(labeler) + answers;
            _cannotTell += cannotTell;
            _lastAnswer = Math.Max(_lastAnswer, last);
        }
    }
}
