namespace Rlhf.Preferences.Tests;

/// <summary>A store in a folder of its own, with a clock that tests set.</summary>
internal sealed class TemporaryStore : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rlhf-preferences-");
    private PreferenceStore? _store;

    public ManualClock Clock { get; } = new();

    public string Path => System.IO.Path.Combine(_folder.FullName, "labels.db");

    public string Folder => _folder.FullName;

    public PreferenceStore Store => _store ??= Open();

    public PreferenceStore Open() => new(Path, new PreferenceStoreOptions { Clock = Clock, BusyTimeout = TimeSpan.FromSeconds(5) });

    public void Close()
    {
        _store?.Dispose();
        _store = null;
    }

    /// <summary>A run of clips.</summary>
    public long AddRun(string name = "run", RunKind kind = RunKind.Figures) => Store.AddRun(new PreferenceRun
    {
        Name = name,
        Environment = "hopper",
        Kind = kind,
        Instructions = "Right is better.",
        Scene = "{\"figures\":[]}",
        FramesPerSecond = 40,
    });

    /// <summary>Segments 0 … count − 1 of a run, all different.</summary>
    public IReadOnlyList<long> AddSegments(long run, int count) =>
        Store.AddSegments([.. Enumerable.Range(0, count).Select(i => Samples.Segment(run, i))]);

    /// <summary>A pair of new segments.</summary>
    public long AddPair(long run, int number, int priority = 0, int wanted = 1)
    {
        IReadOnlyList<long> items = Store.AddSegments([Samples.Segment(run, 2 * number), Samples.Segment(run, (2 * number) + 1)]);
        return Store.AddQuery(new Query { RunId = run, Items = items, Priority = priority, AnswersWanted = wanted });
    }

    public long Invite(string name) => Store.InviteLabeler(name).Labeler.Id;

    public void Dispose()
    {
        Close();
        _folder.Delete(recursive: true);
    }
}
