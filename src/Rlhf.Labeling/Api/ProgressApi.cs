using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>How far the labelling is, and how far the judges agree.</summary>
internal sealed class ProgressApi(PreferenceStore store, RunChoice runs, LabelingOptions options)
{
    private const int MostRuns = 10, MostAgreements = 30;

    // Counting 100,000 rows for each of fifty pages that ask would keep the store busy with nothing else.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<long, AgreementBook> _books = new();
    private readonly ConcurrentDictionary<long, Snapshot> _snapshots = new();

    private sealed record Snapshot(
        DateTimeOffset At, LabelProgress Progress, IReadOnlyList<(long First, long Second, long Pairs, double Share, double? Kappa)> Agreements);

    public Task<object?> ReadAsync(HttpContext context, Labeler labeler)
    {
        Dictionary<long, string> names = store.GetLabelers().ToDictionary(each => each.Id, each => each.Name);
        return Task.FromResult<object?>(new { runs = runs.All().Take(MostRuns).Select(run => Describe(run, labeler, names)).ToArray() });
    }

    private object Describe(PreferenceRun run, Labeler labeler, Dictionary<long, string> names)
    {
        Snapshot snapshot = Read(run.Id);
        LabelProgress progress = snapshot.Progress;
        string Name(long id) => id == AgreementBook.Model ? "the reward model" : id == labeler.Id ? "You" : names.GetValueOrDefault(id, "?");
        return new
        {
            run.Name,
            run.Environment,
            run.Instructions,
            progress.Waiting,
            progress.Locked,
            progress.Answered,
            progress.CannotTell,
            mine = progress.ByLabeler.GetValueOrDefault(labeler.Id),
            labelers = progress.ByLabeler.OrderByDescending(each => each.Value)
                .Select(each => new { name = names.GetValueOrDefault(each.Key, "?"), answers = each.Value, you = each.Key == labeler.Id }).ToArray(),
            // One's own first.
            agreement = snapshot.Agreements.OrderByDescending(each => each.First == labeler.Id || each.Second == labeler.Id).Take(MostAgreements)
                .Select(each => each.Second == labeler.Id ? each with { First = each.Second, Second = each.First } : each)
                .Select(each => new { first = Name(each.First), second = Name(each.Second), each.Pairs, each.Share, each.Kappa }).ToArray(),
        };
    }

    private Snapshot Read(long run)
    {
        DateTimeOffset now = options.Clock.GetUtcNow();
        if (_snapshots.TryGetValue(run, out Snapshot? known) && now - known.At < Fresh && now >= known.At)
            return known;
        return _snapshots[run] = new Snapshot(now, store.GetProgress(run), _books.GetOrAdd(run, id => new AgreementBook(store, id)).Read());
    }
}
