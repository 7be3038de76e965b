using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Rlhf.Preferences.Storage;

namespace Rlhf.Preferences;

/// <summary>
/// One SQLite file with everything that was compared and answered. Rows are facts that are only ever added; when a method that adds
/// something returns, it is on the disk. Any number of threads may use a store, and several processes may have the file open at once.
/// </summary>
/// <remarks>
/// Bad arguments throw <see cref="ArgumentException"/>; a file that cannot be opened, read or written throws
/// <see cref="PreferenceStoreException"/>: one line each.
/// </remarks>
public sealed class PreferenceStore : IDisposable
{
    private readonly PreferenceStoreOptions _options;
    private readonly StoreFile _file;
    private readonly StoreWriter _writer;
    private readonly ConcurrentBag<Database> _readers = [];
    private readonly ConcurrentDictionary<long, ProgressTally> _tallies = [];
    private bool _disposed;

    /// <summary>Opens a store, making the file where there is none and bringing an older one to this version.</summary>
    public PreferenceStore(string path, PreferenceStoreOptions? options = null)
    {
        _options = options ?? new PreferenceStoreOptions();
        _file = new StoreFile(path, _options.BusyTimeout);
        _writer = new StoreWriter(_file);
    }

    /// <summary>Whole path of the file.</summary>
    public string Path => _file.Path;

    internal long Now => _options.Clock.GetUtcNow().Milliseconds();

    private long LockMilliseconds => (long)_options.LockDuration.TotalMilliseconds;

    /// <summary>How long a query shown to a labeler is kept from others.</summary>
    public TimeSpan LockDuration => _options.LockDuration;

    /// <summary>Adds a run and gives its id. Names are unique.</summary>
    public long AddRun(PreferenceRun run) => Write(database => Runs.Add(database, run, Now));

    /// <summary>The run of a name; null where there is none.</summary>
    public PreferenceRun? FindRun(string name) => Read(database => Runs.Find(database, name));

    /// <summary>A run.</summary>
    public PreferenceRun GetRun(long runId) => Read(database => Runs.Find(database, runId)) ?? throw Missing("run", runId);

    /// <summary>All runs, oldest first.</summary>
    public IReadOnlyList<PreferenceRun> GetRuns() => Read(Runs.All);

    /// <summary>Adds a segment and gives its id; the run's segment with the same observations and actions where there is one.</summary>
    public long AddSegment(Segment segment) => AddSegments([segment])[0];

    /// <summary>Adds segments in one transaction. Each is packed when its turn comes and its observations are let go, so that a long list may be made on the way.</summary>
    public IReadOnlyList<long> AddSegments(IEnumerable<Segment> segments)
    {
        List<Segments.Packed> packed = [.. segments.Select(Segments.Pack)];
        return Write<IReadOnlyList<long>>(database => [.. packed.Select(segment => Segments.Add(database, segment, Now))]);
    }

    /// <summary>A segment.</summary>
    public Segment GetSegment(long segmentId) => Read(database => Segments.Find(database, segmentId)) ?? throw Missing("segment", segmentId);

    /// <summary>Adds a prompt with a response and gives its id; the run's same text where there is one.</summary>
    public long AddText(TextSample text) => AddTexts([text])[0];

    /// <summary>Adds texts in one transaction.</summary>
    public IReadOnlyList<long> AddTexts(IReadOnlyList<TextSample> texts) =>
        Write<IReadOnlyList<long>>(database => [.. texts.Select(text => Texts.Add(database, text, Now))]);

    /// <summary>A text.</summary>
    public TextSample GetText(long textId) => Read(database => Texts.Find(database, textId)) ?? throw Missing("text", textId);

    /// <summary>Asks something and gives the query's id; that of the run's query about the same items where there is one.</summary>
    public long AddQuery(Query query) => AddQueries([query])[0];

    /// <summary>Asks several things in one transaction.</summary>
    public IReadOnlyList<long> AddQueries(IReadOnlyList<Query> queries) =>
        Write<IReadOnlyList<long>>(database => [.. queries.Select(query => Queries.Add(database, query, Now))]);

    /// <summary>A query.</summary>
    public Query GetQuery(long queryId) => Read(database => Queries.Find(database, queryId)) ?? throw Missing("query", queryId);

    /// <summary>Invites a person; the token is seen this once.</summary>
    public Invitation InviteLabeler(string name)
    {
        string token = Labelers.NewToken();
        return new Invitation(Write(database => Labelers.Add(database, name, LabelerKind.Human, token, Now)), token);
    }

    /// <summary>The oracle of a name, added where there is none.</summary>
    public Labeler AddOracle(string name) => Write(database => Labelers.Named(database, name) switch
    {
        null => Labelers.Add(database, name, LabelerKind.Oracle, null, Now),
        { Kind: LabelerKind.Oracle } known => known,
        _ => throw new ArgumentException($"labeler '{name}': is a person, expected an oracle"),
    });

    /// <summary>Who holds a token; null for a wrong token or a revoked labeler.</summary>
    public Labeler? FindLabeler(string token) => Read(database => Labelers.WithToken(database, token));

    /// <summary>A labeler.</summary>
    public Labeler GetLabeler(long labelerId) => Read(database => Labelers.Find(database, labelerId)) ?? throw Missing("labeler", labelerId);

    /// <summary>All labelers, the revoked too.</summary>
    public IReadOnlyList<Labeler> GetLabelers() => Read(Labelers.All);

    /// <summary>Ends a labeler's access and gives what they hold back; their answers stay. False where it had ended, or never was.</summary>
    public bool RevokeLabeler(long labelerId) => Write(database => Labelers.Revoke(database, labelerId, Now));

    /// <summary>
    /// The next query for a labeler: by priority, then newest first; never one that they answered or that others hold or have answered often enough.
    /// Locked until answered, released or <see cref="PreferenceStoreOptions.LockDuration"/> has passed. What they hold already comes first, locked anew.
    /// Null when there is none.
    /// </summary>
    public Claim? Claim(long labelerId, long runId) => Wait(ClaimAsync(labelerId, runId)) is [Claim first, ..] ? first : null;

    /// <summary>As <see cref="Claim(long, long)"/>, up to <paramref name="count"/> at once: those held already and then more, so that a page can prefetch.</summary>
    public Task<IReadOnlyList<Claim>> ClaimAsync(long labelerId, long runId, int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return _writer.Write(database => Claims.Take(database, labelerId, runId, count, Now, LockMilliseconds));
    }

    /// <summary>A claim, with the present end of its lock; null where there is none.</summary>
    public Claim? FindClaim(long claimId) => Read(database => Claims.Find(database, claimId));

    /// <summary>Starts a claim's lock anew and gives its new end; null where the labeler does not hold it any more.</summary>
    public Task<DateTimeOffset?> RenewAsync(long claimId, long labelerId) =>
        _writer.Write(database => Claims.Renew(database, claimId, labelerId, Now, LockMilliseconds));

    /// <summary>Gives a query back unanswered. False where the labeler does not hold it.</summary>
    public bool Release(long claimId, long labelerId) => Write(database => Claims.Release(database, claimId, labelerId));

    /// <summary>Stores an answer. Positions in <paramref name="judgement"/> are those of display (<see cref="Claim.Order"/>).</summary>
    public AnswerResult Answer(long claimId, long labelerId, Judgement judgement) => Wait(AnswerAsync(claimId, labelerId, judgement));

    /// <inheritdoc cref="Answer"/>
    public Task<AnswerResult> AnswerAsync(long claimId, long labelerId, Judgement judgement) => _writer.Write(
        database => Answering.Add(database, claimId, labelerId, judgement, Now, (long)_options.LockGrace.TotalMilliseconds));

    /// <summary>Takes the labeler's last answer in a run back and shows its query to them again; null when there is nothing left to undo.</summary>
    /// <param name="labelerId">Who.</param>
    /// <param name="runId">The run.</param>
    /// <param name="queryId">
    /// Only the answer to this query, so that the call may be repeated: was it taken back already, its query is shown again and nothing more is
    /// taken back; is it not the last one, null.
    /// </param>
    public Claim? Undo(long labelerId, long runId, long? queryId = null) => Wait(UndoAsync(labelerId, runId, queryId));

    /// <inheritdoc cref="Undo"/>
    public Task<Claim?> UndoAsync(long labelerId, long runId, long? queryId = null) =>
        _writer.Write(database => Answering.Undo(database, labelerId, runId, queryId, Now, LockMilliseconds));

    /// <summary>Puts another answer in the place of a labeler's own. Positions are those of the query's items. Unknown where it is not theirs or no longer counts.</summary>
    public AnswerResult Replace(long labelId, long labelerId, Judgement judgement) =>
        Write(database => Answering.Replace(database, labelId, labelerId, judgement, Now));

    /// <summary>The answer of a labeler to a query that counts; null where there is none.</summary>
    public Label? FindLabel(long queryId, long labelerId) => Read(database => Answering.Find(database, queryId, labelerId));

    /// <summary>All answers of a run that count, of every kind, oldest first.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="afterId">Only labels with a greater id.</param>
    public IReadOnlyList<Label> GetLabels(long runId, long afterId = 0) => Read(database => Answering.Labels(database, runId, afterId));

    /// <summary>
    /// The labelled pairs of a run for training since <paramref name="after"/> (0, or <see cref="ComparisonChanges.Through"/> of the last call):
    /// the latest answers only, without "cannot tell" and without blind votes, oldest first.
    /// </summary>
    public ComparisonChanges GetComparisons(long runId, long after = 0) => Read(database => Answering.Changes(database, runId, after));

    /// <summary>A page of history, newest first, with what was undone or replaced.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="labelerId">Only this labeler's; null for all.</param>
    /// <param name="beforeId">Only labels with a smaller id: the last id of the page before.</param>
    /// <param name="count">Most labels.</param>
    public IReadOnlyList<Label> GetHistory(long runId, long? labelerId = null, long beforeId = long.MaxValue, int count = 50) =>
        Read(database => Answering.History(database, runId, labelerId, beforeId, count));

    /// <summary>How far the labelling of a run is.</summary>
    public LabelProgress GetProgress(long runId) => Read(
        database => _tallies.GetOrAdd(runId, run => new ProgressTally(run)).Read(database, Now));

    /// <summary>Waits for what is being written and closes the file.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _writer.Dispose();
        while (_readers.TryTake(out Database? reader))
            reader.Dispose();
    }

    internal T Write<T>(Func<Database, T> statements) => Wait(_writer.Write(statements));

    internal T Read<T>(Func<Database, T> statements)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_readers.TryTake(out Database? reader))
            reader = _file.Open();
        try
        {
            // One snapshot for all statements.
            reader.Execute("BEGIN");
            try
            {
                return statements(reader);
            }
            finally
            {
                // SQLite may have given it up, after an error that is the one to be told.
                if (reader.InTransaction)
                    reader.Execute("COMMIT");
            }
        }
        catch (SqliteException error)
        {
            throw _file.Explain(error);
        }
        finally
        {
            _readers.Add(reader);
        }
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static ArgumentException Missing(string what, long id) => new($"{what} {id}: not in the store");
}
