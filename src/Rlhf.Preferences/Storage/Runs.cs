using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>The table of runs.</summary>
internal static class Runs
{
    private const string Select = "SELECT id, name, environment, kind, instructions, scene, fps, settings, created FROM runs ";

    public static long Add(Database database, PreferenceRun run, long now)
    {
        if (Find(database, run.Name) is not null)
            throw new ArgumentException($"run '{run.Name}': the store has one of this name");
        return database.Insert(
            "INSERT INTO runs (name, environment, kind, instructions, scene, fps, settings, created) VALUES ($0, $1, $2, $3, $4, $5, $6, $7)",
            run.Name, run.Environment, run.Kind.ToString(), run.Instructions, run.Scene, run.FramesPerSecond, run.Settings, now);
    }

    public static PreferenceRun? Find(Database database, string name) => database.First(Select + "WHERE name = $0", Read, name);

    public static PreferenceRun? Find(Database database, long id) => database.First(Select + "WHERE id = $0", Read, id);

    public static IReadOnlyList<PreferenceRun> All(Database database) => database.Rows(Select + "ORDER BY id", Read);

    public static void Require(Database database, long id)
    {
        if (!database.Any("SELECT 1 FROM runs WHERE id = $0", id))
            throw new ArgumentException($"run {id}: not in the store");
    }

    private static PreferenceRun Read(SqliteDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Name = row.GetString(1),
        Environment = row.GetString(2),
        Kind = row.Named<RunKind>(3),
        Instructions = row.GetString(4),
        Scene = row.GetString(5),
        FramesPerSecond = row.GetInt32(6),
        Settings = row.GetString(7),
        Created = row.Time(8),
    };
}
