using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Rlhf.Preferences.Storage;

/// <summary>
/// The process's one writer. What arrives while a commit waits for the disk goes into the next commit together, so that fifty labelers
/// pay for a few flushes and not for fifty. A call returns once its commit is on the disk.
/// </summary>
internal sealed class StoreWriter : IDisposable
{
    // Enough for every labeler at once; few enough that other processes get their turn.
    private const int MaxBatch = 64;

    private readonly StoreFile _file;
    private readonly Database _database;
    private readonly BlockingCollection<Job> _jobs = [];
    private readonly Thread _thread;

    public StoreWriter(StoreFile file)
    {
        _file = file;
        _database = file.Open();
        _thread = new Thread(Work) { IsBackground = true, Name = "preference store" };
        _thread.Start();
    }

    /// <summary>Runs statements in a transaction; if they throw, none of them happened.</summary>
    public Task<T> Write<T>(Func<Database, T> statements)
    {
        Job<T> job = new(statements);
        try
        {
            _jobs.Add(job);
        }
        catch (Exception error) when (error is InvalidOperationException or ObjectDisposedException)
        {
            throw new ObjectDisposedException(nameof(PreferenceStore));
        }

        return job.Task;
    }

    public void Dispose()
    {
        _jobs.CompleteAdding();
        _thread.Join();
        _jobs.Dispose();
        _database.Dispose();
    }

    private void Work()
    {
        List<Job> batch = [];
        while (_jobs.TryTake(out Job? first, Timeout.Infinite))
        {
            // In the batch before anything can fail: whoever waits for it hears of it.
            batch.Clear();
            batch.Add(first);
            try
            {
                _database.Execute("BEGIN IMMEDIATE");
                Run(first);
                while (batch.Count < MaxBatch && _jobs.TryTake(out Job? next))
                {
                    batch.Add(next);
                    Run(next);
                }

                // Where the log cannot grow: until here SQLite kept most of what was written in memory.
                _database.Execute("COMMIT");
            }
            catch (Exception error)
            {
                Exception reason = error is SqliteException sqlite ? _file.Explain(sqlite) : error;
                batch.ForEach(member => member.Fail(reason));
                RollBack();
            }

            batch.ForEach(member => member.Complete());
        }
    }

    private void Run(Job job)
    {
        _database.Execute("SAVEPOINT job");
        try
        {
            job.Run(_database);
            _database.Execute("RELEASE job");
        }
        catch (Exception error) when (_database.InTransaction && error is not OutOfMemoryException)
        {
            // Its own fault: the others of the batch go on. Where SQLite gave the transaction up (disk full), all have failed.
            job.Fail(error is SqliteException sqlite ? _file.Explain(sqlite) : error);
            _database.Execute("ROLLBACK TO job");
            _database.Execute("RELEASE job");
        }
    }

    private void RollBack()
    {
        try
        {
            if (_database.InTransaction)
                _database.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // The next BEGIN says what is wrong.
        }
    }

    private abstract class Job
    {
        public abstract void Run(Database database);

        public abstract void Fail(Exception error);

        public abstract void Complete();
    }

    private sealed class Job<T>(Func<Database, T> statements) : Job
    {
        private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Exception? _error;
        private T? _result;

        public Task<T> Task => _source.Task;

        public override void Run(Database database) => _result = statements(database);

        public override void Fail(Exception error) => _error ??= error;

        public override void Complete()
        {
            if (_error is null)
                _source.SetResult(_result!);
            else
                _source.SetException(_error);
        }
    }
}
