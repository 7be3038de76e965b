using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Verbs.Prefs.Dashboard;

/// <summary>
/// Keeps beside a run's metrics what its dashboard shows of the moment: <c>status.json</c> (where it stands and what waits for what) and
/// <c>films.json</c> (the newest clips of the policy, with true and predicted reward). The dashboard is then any process that reads the folder.
/// </summary>
internal sealed class RunRecorder(string directory) : IPreferenceObserver
{
    private const int Kept = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), FilmPause = TimeSpan.FromSeconds(5);

    private readonly List<JsonObject> _films = [];
    private PreferenceRun? _run;
    private long _lastStatus, _lastFilm;

    public void Started(PreferenceRun run, PreferenceOptions options, long steps) => _run = run;

    public void Changed(PreferenceStatus status)
    {
        if (_lastStatus != 0 && Stopwatch.GetElapsedTime(_lastStatus) < Pause)
            return;
        _lastStatus = Stopwatch.GetTimestamp();
        Write(status, finished: false);
    }

    public void Finished(PreferenceStatus status) => Write(status, finished: true);

    public void Filmed(RecordedClip clip, IReadOnlyList<float> predicted)
    {
        if (_run is null || (_lastFilm != 0 && Stopwatch.GetElapsedTime(_lastFilm) < FilmPause))
            return;
        _lastFilm = Stopwatch.GetTimestamp();
        if (_films.Count == Kept)
            _films.RemoveAt(0);
        _films.Add(Film(clip, predicted));
        OutputFile.WriteLines(Path.Combine(directory, "films.json"), [new JsonObject
        {
            ["framesPerSecond"] = _run.FramesPerSecond,
            ["scene"] = _run.Scene.Length > 0 ? JsonNode.Parse(_run.Scene) : null,
            ["films"] = new JsonArray([.. _films.Select(film => film.DeepClone())]),
        }.ToJsonString()]);
    }

    private static JsonObject Film(RecordedClip clip, IReadOnlyList<float> predicted) => new()
    {
        ["step"] = clip.Segment.Step,
        ["frames"] = clip.Segment.Length,
        ["data"] = Convert.ToBase64String(clip.Segment.IsPixels ? clip.Segment.NewestFrames() : MemoryMarshal.AsBytes(clip.Segment.Poses.AsSpan())),
        ["predicted"] = Numbers(predicted),
        ["true"] = Numbers(clip.TrueRewards),
    };

    private static JsonArray Numbers(IReadOnlyList<float> values) => [.. values.Select(value => (JsonNode)(float.IsFinite(value) ? Math.Round(value, 4) : 0))];

    private void Write(PreferenceStatus status, bool finished) => OutputFile.WriteLines(Path.Combine(directory, "status.json"), [new JsonObject
    {
        ["environment"] = _run?.Environment,
        ["steps"] = status.Steps,
        ["total_steps"] = status.TotalSteps,
        ["labels"] = status.Labels,
        ["planned_labels"] = status.PlannedLabels,
        ["total_labels"] = status.TotalLabels,
        ["open_queries"] = status.OpenQueries,
        ["fit_steps"] = status.FitSteps,
        ["policy"] = status.Policy,
        ["queries"] = status.Queries,
        ["fitting"] = status.Fitting,
        ["finished"] = finished,
    }.ToJsonString()]);
}
