namespace Rlhf.Preferences.Storage;

/// <summary>
/// The tables. All but <c>pending</c> hold facts: rows are added and never changed (triggers see to it); a change of mind is a row of its
/// own. <c>pending</c> is what follows from the facts and is kept for speed: the answers still wanted and who is looking at them.
/// Times are milliseconds since 1970, UTC.
/// </summary>
internal static class Schema
{
    /// <summary>What <c>pending.answered</c> follows from.</summary>
    public const string AnsweredBy =
        """
        COALESCE((SELECT ',' || GROUP_CONCAT(labeler, ',') || ',' FROM (
            SELECT a.labeler FROM answers a WHERE a.query = pending.query AND (a.choice IS NOT NULL OR a.body IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM answers r WHERE r.retracts = a.id) ORDER BY a.labeler)), '')
        """;

    /// <summary>Step i brings version i to i + 1. A released step is never edited; a change is a new step.</summary>
    public static readonly string[] Migrations =
    [
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, environment TEXT NOT NULL, kind TEXT NOT NULL,
            instructions TEXT NOT NULL, scene TEXT NOT NULL, fps INTEGER NOT NULL, settings TEXT NOT NULL, created INTEGER NOT NULL);

        CREATE TABLE segments (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs, step INTEGER NOT NULL, length INTEGER NOT NULL,
            observation_shape TEXT NOT NULL, encoding TEXT NOT NULL, observations BLOB NOT NULL, actions BLOB NOT NULL,
            states BLOB NOT NULL, poses BLOB NOT NULL, hash BLOB NOT NULL, created INTEGER NOT NULL, UNIQUE (run, hash));

        CREATE TABLE true_rewards (segment INTEGER PRIMARY KEY REFERENCES segments, total REAL NOT NULL, rewards BLOB NOT NULL);

        CREATE TABLE texts (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs, prompt TEXT NOT NULL, response TEXT NOT NULL,
            model TEXT NOT NULL, hash BLOB NOT NULL, created INTEGER NOT NULL, UNIQUE (run, hash));

        CREATE TABLE queries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs, kind TEXT NOT NULL, items TEXT NOT NULL,
            item_set TEXT NOT NULL, priority INTEGER NOT NULL, step INTEGER NOT NULL, wanted INTEGER NOT NULL, predicted REAL,
            created INTEGER NOT NULL, UNIQUE (run, kind, item_set));

        CREATE TABLE labelers (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, token_hash BLOB UNIQUE,
            invited INTEGER NOT NULL);
        CREATE TABLE revocations (labeler INTEGER PRIMARY KEY REFERENCES labelers, at INTEGER NOT NULL);

        CREATE TABLE shown (
            id INTEGER PRIMARY KEY AUTOINCREMENT, query INTEGER NOT NULL REFERENCES queries, labeler INTEGER NOT NULL REFERENCES labelers,
            display_order TEXT NOT NULL, at INTEGER NOT NULL, locked_until INTEGER NOT NULL);

        CREATE TABLE answers (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs, query INTEGER NOT NULL REFERENCES queries,
            labeler INTEGER NOT NULL REFERENCES labelers, shown INTEGER NOT NULL REFERENCES shown, choice TEXT, body TEXT,
            retracts INTEGER REFERENCES answers, at INTEGER NOT NULL);
        CREATE INDEX answers_of_run ON answers (run, id);
        CREATE INDEX answers_of_query ON answers (query, labeler);
        CREATE INDEX answers_of_labeler ON answers (labeler, run, id);
        CREATE INDEX answers_of_shown ON answers (shown);
        CREATE UNIQUE INDEX answers_retracted ON answers (retracts) WHERE retracts IS NOT NULL;

        CREATE TABLE pending (
            id INTEGER PRIMARY KEY, run INTEGER NOT NULL, query INTEGER NOT NULL REFERENCES queries, priority INTEGER NOT NULL,
            shown INTEGER, labeler INTEGER, locked_until INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX pending_in_order ON pending (run, priority DESC, query DESC, locked_until);
        CREATE INDEX pending_of_query ON pending (query, labeler);
        CREATE INDEX pending_of_labeler ON pending (labeler, run) WHERE labeler IS NOT NULL;
        CREATE INDEX pending_of_shown ON pending (shown) WHERE shown IS NOT NULL;

        """ + AppendOnly("runs", "segments", "true_rewards", "texts", "queries", "labelers", "revocations", "shown", "answers"),

        // Who has answered the query already, as ",3,7,": a labeler's next query is looked for among those that wait for somebody else,
        // and not behind thousands that wait for anybody but them.
        $"""
        ALTER TABLE pending ADD COLUMN answered TEXT NOT NULL DEFAULT '';
        UPDATE pending SET answered = {AnsweredBy};
        DROP INDEX pending_in_order;
        CREATE INDEX pending_in_order ON pending (run, answered, priority DESC, query DESC, locked_until);
        """,
    ];

    /// <summary>What this program writes.</summary>
    public static int Version => Migrations.Length;

    private static string AppendOnly(params string[] tables) => string.Concat(tables.Select(table =>
        $"""
        CREATE TRIGGER {table}_are_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} are facts: rows are never removed'); END;
        CREATE TRIGGER {table}_are_facts BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} are facts: rows are never changed'); END;

        """));
}
