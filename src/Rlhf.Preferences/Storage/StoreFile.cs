using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>Opens the file: makes it or brings it to this program's version, and says in one line what is wrong with it.</summary>
/// <param name="path">The file.</param>
/// <param name="busyTimeout">How long to wait for another process that writes.</param>
/// <param name="migrations">The steps to this program's version; default the schema's.</param>
internal sealed class StoreFile(string path, TimeSpan busyTimeout, IReadOnlyList<string>? migrations = null)
{
    // "RLFP": a store of preferences, and no other program's database.
    private const long ApplicationId = 0x524C4650;

    // SQLite's primary result codes.
    private const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26;

    private readonly IReadOnlyList<string> _migrations = migrations ?? Schema.Migrations;

    /// <summary>Whole path of the file.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>A connection whose file is of this program's version.</summary>
    public Database Open()
    {
        string? folder = System.IO.Path.GetDirectoryName(Path);
        if (!Directory.Exists(folder))
            throw new PreferenceStoreException($"{Path}: the folder {folder} does not exist");
        if (Directory.Exists(Path))
            throw new PreferenceStoreException($"{Path}: is a folder, expected a file");
        SqliteConnection connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)Math.Ceiling(busyTimeout.TotalSeconds)),
        }.ToString());
        Database database = new(connection);
        try
        {
            connection.Open();
            database.Script(string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {(int)busyTimeout.TotalMilliseconds}"));

            // One look at one state of the file: between two, another process may make the store that this one finds half of.
            database.Script("BEGIN");
            CheckOwner(database);
            database.Script("COMMIT");

            // Kept in the file; FULL makes each commit wait until its pages of the log are on the disk.
            database.Script("PRAGMA journal_mode = WAL");
            database.Script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536");
            Migrate(database);
            return database;
        }
        catch (SqliteException error)
        {
            database.Dispose();
            throw Explain(error);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>One line for what SQLite says.</summary>
    public PreferenceStoreException Explain(SqliteException error) => new(
        $"{Path}: " + error.SqliteErrorCode switch
        {
            Busy or Locked => string.Create(
                CultureInfo.InvariantCulture,
                $"locked by another program for more than {busyTimeout.TotalSeconds:0.#} s; nothing was stored"),
            ReadOnly => "cannot be written: the file or its folder is read-only",
            InputOutput => $"the disk reports an error ({error.SqliteExtendedErrorCode}); nothing was stored",
            Corrupt => "damaged: SQLite finds the file's contents inconsistent; restore a copy",
            Full => "the disk is full; nothing was stored",
            CannotOpen => "cannot be opened: check that the file and its folder may be read and written",
            NotADatabase => "is not a database, expected a store of preferences",
            _ => error.Message.ReplaceLineEndings(" "),
        },
        error);

    private void CheckOwner(Database database)
    {
        long owner = database.Number("PRAGMA application_id") ?? 0;
        if (owner != ApplicationId && (owner != 0 || database.Any("SELECT 1 FROM sqlite_master LIMIT 1")))
            throw new PreferenceStoreException($"{Path}: a database of another program, expected a store of preferences");
        long version = database.Number("PRAGMA user_version") ?? 0;
        if (version > _migrations.Count)
        {
            throw new PreferenceStoreException(
                $"{Path}: version {version} of the store, this program knows up to {_migrations.Count}; use the program that wrote it, or a newer one");
        }
    }

    private void Migrate(Database database)
    {
        if (database.Number("PRAGMA user_version") == _migrations.Count)
            return;
        database.Script("BEGIN IMMEDIATE");

        // Read again: another process may have been first.
        CheckOwner(database);
        for (long version = database.Number("PRAGMA user_version") ?? 0; version < _migrations.Count; version++)
            database.Script(_migrations[(int)version]);
        database.Script(string.Create(
            CultureInfo.InvariantCulture, $"PRAGMA user_version = {_migrations.Count}; PRAGMA application_id = {ApplicationId}"));
        database.Script("COMMIT");
    }
}
