using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences.Tests;

/// <summary>Files that cannot be used, each with one line; and versions.</summary>
public sealed class StoreFileTests
{
    [Test]
    public void Writer_WaitsForTheDisk()
    {
        using TemporaryStore temporary = new();
        Assert.That(temporary.Store.Write(database => database.Number("PRAGMA synchronous")), Is.EqualTo(2), "FULL");
        Assert.That(
            temporary.Store.Write(database => database.First("PRAGMA journal_mode", row => row.GetString(0))), Is.EqualTo("wal"));
    }

    [Test]
    public void Open_SaysWhatIsWrong_WhenTheFileIsNoDatabase()
    {
        using TemporaryStore temporary = new();
        File.WriteAllText(temporary.Path, new string('x', 5000));
        Expect(temporary, $"{temporary.Path}: is not a database, expected a store of preferences");
        Assert.That(File.ReadAllText(temporary.Path), Is.EqualTo(new string('x', 5000)), "left as it was");
    }

    [Test]
    public void Open_SaysWhatIsWrong_WhenTheDatabaseIsAnothers()
    {
        using TemporaryStore temporary = new();
        Sql(temporary.Path, "CREATE TABLE other (x)");
        Expect(temporary, $"{temporary.Path}: a database of another program, expected a store of preferences");
    }

    [Test]
    public void Open_SaysWhatIsWrong_WhenTheStoreIsNewer()
    {
        using TemporaryStore temporary = new();
        temporary.AddRun();
        temporary.Close();
        Sql(temporary.Path, "PRAGMA user_version = 1000");
        Expect(
            temporary,
            $"{temporary.Path}: version 1000 of the store, this program knows up to {Schema.Version}; use the program that wrote it, or a newer one");
    }

    [Test]
    public void Open_SaysWhatIsWrong_WhenThereIsNoFolder()
    {
        using TemporaryStore temporary = new();
        string folder = Path.Combine(temporary.Folder, "none");
        Assert.That(
            () => new PreferenceStore(Path.Combine(folder, "a.db")),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo(
                $"{Path.Combine(folder, "a.db")}: the folder {folder} does not exist"));
        Assert.That(
            () => new PreferenceStore(temporary.Folder),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{temporary.Folder}: is a folder, expected a file"));
    }

    [Test]
    public void Write_SaysWhatIsWrong_WhenAnotherProgramHoldsTheLock_AndGoesOnAfterIt()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun("a");
        temporary.Close();
        using PreferenceStore store = new(temporary.Path, new PreferenceStoreOptions { BusyTimeout = TimeSpan.FromMilliseconds(50) });
        using (SqliteConnection other = new($"Data Source={temporary.Path};Pooling=False"))
        {
            other.Open();
            using SqliteCommand command = other.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            Assert.That(
                () => store.InviteLabeler("Ada"),
                Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo(
                    $"{temporary.Path}: locked by another program for more than 0.1 s; nothing was stored"));
            Assert.That(store.GetRun(run).Name, Is.EqualTo("a"), "readers do not wait for writers");
        }

        Assert.That(store.InviteLabeler("Ada").Labeler.Name, Is.EqualTo("Ada"));
    }

    [Test]
    public void Write_SaysWhatIsWrong_WhenTheDiskIsFull_AndStoresNoPart()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        temporary.AddSegments(run, 2);

        // As a full disk: SQLite may take no further page.
        long pages = temporary.Store.Write(database => database.Number("PRAGMA page_count"))!.Value;
        temporary.Store.Write(database => database.Number($"PRAGMA max_page_count = {pages}"));
        Segment[] many = [.. Enumerable.Range(10, 2000).Select(i => Samples.Segment(run, i))];
        Assert.That(
            () => temporary.Store.AddSegments(many),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{temporary.Path}: the disk is full; nothing was stored"));
        Assert.That(temporary.Store.Read(database => database.Number("SELECT COUNT(*) FROM segments")), Is.EqualTo(2));
        temporary.Store.Write(database => database.Number("PRAGMA max_page_count = 1000000"));
        Assert.That(temporary.Store.AddSegments(many), Has.Count.EqualTo(2000));
    }

    [Test]
    public void Write_SaysWhatIsWrong_ToAllOfABatch_WhenTheCommitFails_AndGoesOnAfterIt()
    {
        using TemporaryStore temporary = new();
        using StoreWriter writer = new(new StoreFile(temporary.Path, TimeSpan.FromSeconds(5)));
        using ManualResetEventSlim begin = new();
        Task<int>[] batch =
        [
            writer.Write(_ =>
            {
                begin.Wait();
                return 0;
            }),

            // Found out at the commit and not before: no text of no run.
            writer.Write(database => database.Execute("PRAGMA defer_foreign_keys = ON")
                + database.Execute("INSERT INTO texts (run, prompt, response, model, hash, created) VALUES (9, '', '', '', '', 0)")),
            writer.Write(database => database.Execute("CREATE TABLE other (x)")),
        ];
        begin.Set();
        Assert.Multiple(() =>
        {
            foreach (Task<int> job in batch)
            {
                Assert.That(
                    () => job.GetAwaiter().GetResult(),
                    Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{temporary.Path}: SQLite Error 19: 'FOREIGN KEY constraint failed'."));
            }

            Assert.That(writer.Write(database => database.Number("SELECT COUNT(*) FROM sqlite_master WHERE name = 'other'")).Result, Is.Zero);
            Assert.That(temporary.Store.InviteLabeler("Ada").Labeler.Name, Is.EqualTo("Ada"));
        });
    }

    [Test]
    public void Write_SaysWhatIsWrong_WhenTheFileCannotGrow_AndGoesOnWhenItCan()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("needs setrlimit of a 64-bit Linux");
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        using Process child = ChildProgram.Start("fill", temporary.Path, run.ToString(CultureInfo.InvariantCulture));
        string said = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.That(
            said.TrimEnd().Split('\n'), Is.EqualTo(new[] { $"{temporary.Path}: the disk reports an error (778); nothing was stored", "stored 2000" }));
        Assert.That(child.ExitCode, Is.Zero);
        Assert.That(temporary.Store.Read(database => database.Number("SELECT COUNT(*) FROM segments")), Is.EqualTo(2000));
    }

    [Test]
    public void Facts_CannotBeChangedOrRemoved()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun();
        temporary.AddPair(run, 0);
        long labeler = temporary.Invite("Ada");
        temporary.Store.Answer(temporary.Store.Claim(labeler, run)!.Id, labeler, Judgement.Of(Answer.Left));
        temporary.Store.RevokeLabeler(labeler);
        new TrueRewardBook(temporary.Store).Add(1, [1, 2]);
        temporary.Store.AddText(new TextSample(0, run, "p", "r", "m"));
        Assert.Multiple(() =>
        {
            foreach (string table in new[] { "runs", "segments", "true_rewards", "texts", "queries", "labelers", "revocations", "shown", "answers" })
            {
                Assert.That(
                    () => temporary.Store.Write(database => database.Execute($"DELETE FROM {table}")),
                    Throws.TypeOf<PreferenceStoreException>().With.Message.Contains($"{table} are facts: rows are never removed"));
                Assert.That(
                    () => temporary.Store.Write(database => database.Execute($"UPDATE {table} SET rowid = rowid + 100")),
                    Throws.TypeOf<PreferenceStoreException>().With.Message.Contains($"{table} are facts: rows are never changed"));
            }
        });
    }

    [Test]
    public void Migration_BringsAnOlderFileForward_AndKeepsItWholeWhenItFails()
    {
        using TemporaryStore temporary = new();
        const string First = "CREATE TABLE a (x); INSERT INTO a VALUES (1);";
        TimeSpan busy = TimeSpan.FromSeconds(1);
        new StoreFile(temporary.Path, busy, [First]).Open().Dispose();
        Assert.That(
            () => new StoreFile(temporary.Path, busy, [First, "INSERT INTO a VALUES (2); INSERT INTO none VALUES (1);"]).Open(),
            Throws.TypeOf<PreferenceStoreException>().With.Message.Contains("no such table: none"));
        using (Database same = new StoreFile(temporary.Path, busy, [First]).Open())
            Assert.That(same.Number("SELECT COUNT(*) FROM a"), Is.EqualTo(1));
        using Database next = new StoreFile(temporary.Path, busy, [First, "INSERT INTO a VALUES (2);", "UPDATE a SET x = 10 * x;"]).Open();
        Assert.That(next.Rows("SELECT x FROM a ORDER BY x", row => row.GetInt64(0)), Is.EqualTo(new[] { 10L, 20L }));
        Assert.That(next.Number("PRAGMA user_version"), Is.EqualTo(3));
    }

    [Test]
    public void Open_WorksForManyAtOnce_WhenThereIsNoFileYet()
    {
        using TemporaryStore temporary = new();
        using Barrier together = new(8);
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(i => new Thread(() =>
        {
            together.SignalAndWait();
            using PreferenceStore store = temporary.Open();
            store.AddOracle($"o{i}");
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.That(temporary.Store.GetLabelers(), Has.Count.EqualTo(8));
    }

    [Test]
    public void Store_RefusesCalls_AfterDispose()
    {
        using TemporaryStore temporary = new();
        PreferenceStore store = temporary.Open();
        store.Dispose();
        Assert.That(() => store.GetRuns(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => store.InviteLabeler("Ada"), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(store.Dispose, Throws.Nothing);
    }

    private static void Expect(TemporaryStore temporary, string message) => Assert.That(
        temporary.Open, Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo(message));

    private static void Sql(string path, string sql)
    {
        using SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
