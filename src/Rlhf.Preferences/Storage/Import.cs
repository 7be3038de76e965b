namespace Rlhf.Preferences.Storage;

/// <summary>Answers that were given elsewhere.</summary>
internal static class Import
{
    /// <summary>
    /// Stores question, labeler and answer where they are not there yet; false where they are. One more opinion on a question is kept even where
    /// no further answer was wanted: it has been given.
    /// </summary>
    /// <param name="database">Takes them.</param>
    /// <param name="asked">The question; its items' order is that of the judgement.</param>
    /// <param name="labeler">Who answered.</param>
    /// <param name="kind">What they are where the store does not know them: they get no token.</param>
    /// <param name="judgement">The answer.</param>
    /// <param name="at">When it was given.</param>
    /// <param name="now">When it comes in.</param>
    public static bool Answer(Database database, Query asked, string labeler, LabelerKind kind, Judgement judgement, long at, long now)
    {
        Query query = Queries.Find(database, Queries.Add(database, asked, now))!;

        // The store may have asked the same with the items in another order.
        int[] order = [.. asked.Items.Select(item => query.Items.ToList().IndexOf(item))];
        Judgements.Validate(query, judgement);
        long who = (Labelers.Named(database, labeler) ?? Labelers.Add(database, labeler, kind, null, now)).Id;
        bool known = database.Any(
            $"SELECT 1 FROM answers a WHERE a.query = $0 AND a.labeler = $1 AND {Answering.Valid}", query.Id, who);
        if (known)
            return false;
        long shown = database.Insert(
            "INSERT INTO shown (query, labeler, display_order, at, locked_until) VALUES ($0, $1, $2, $3, $3)",
            query.Id, who, string.Join(',', order), at);
        database.Execute("DELETE FROM pending WHERE id = (SELECT id FROM pending WHERE query = $0 ORDER BY locked_until LIMIT 1)", query.Id);
        Answering.Insert(database, query, shown, who, Judgements.FromDisplay(judgement, order), null, at);
        return true;
    }
}
