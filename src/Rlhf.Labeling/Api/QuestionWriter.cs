using System.Collections.Concurrent;
using System.Text.Json;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>A query as the page gets it: without the models' names, the true rewards, and whatever else could sway a labeler.</summary>
internal sealed class QuestionWriter(PreferenceStore store, LabelingOptions options)
{
    private readonly ConcurrentDictionary<long, RunCard> _runs = new();

    /// <summary>A claimed query, with what the labeler answered before it was undone.</summary>
    public Question Of(Claim claim, Judgement? previous = null)
    {
        TimeSpan left = claim.LockedUntil - options.Clock.GetUtcNow();
        return Of(claim.Query, claim.Order) with
        {
            Claim = claim.Id,
            SecondsLeft = Math.Max(0, left.TotalSeconds),
            Previous = previous is null ? null : JudgementBody.Of(Display.ToPage(previous, claim.Order)),
        };
    }

    /// <summary>An answer of the past, in the order of the query's items.</summary>
    public Question Of(Label label) => Of(label.Query, [.. Enumerable.Range(0, label.Query.Items.Count)]) with
    {
        Previous = JudgementBody.Of(label.Judgement),
        At = label.At,
    };

    private Question Of(Query query, IReadOnlyList<int> order)
    {
        RunCard run = _runs.GetOrAdd(query.RunId, id => new RunCard(store.GetRun(id)));
        long[] items = [.. order.Select(item => query.Items[item])];
        var question = new Question
        {
            Query = query.Id,
            Run = run.Run.Name,
            RunId = query.RunId,
            Instructions = run.Run.Instructions,
            Kind = query.Kind switch
            {
                QueryKind.ClipPair => "clips",
                QueryKind.TextPair => "texts",
                QueryKind.Ranking => "ranking",
                QueryKind.Demonstration => "demonstration",
                QueryKind.BlindVote => "vote",
                _ => throw new InvalidOperationException($"query {query.Id}: the page does not know {query.Kind}"),
            },
        };
        if (query.Kind == QueryKind.ClipPair)
            return question with { Clips = new Clips(run.Scene, run.Run.FramesPerSecond, new(Url(items[0])), new(Url(items[1]))) };
        TextSample[] texts = Array.ConvertAll(items, store.GetText);
        return question with
        {
            Prompt = texts[0].Prompt,
            Responses = query.Kind == QueryKind.Demonstration ? [] : Array.ConvertAll(texts, text => new Response(text.Response)),
            AsksQuality = options.AsksQuality && query.Kind is QueryKind.TextPair or QueryKind.Ranking,
        };
    }

    private static string Url(long segment) => $"api/segments/{segment}";

    private sealed class RunCard(PreferenceRun run)
    {
        public PreferenceRun Run { get; } = run;

        public JsonElement? Scene { get; } = run.Kind == RunKind.Figures && run.Scene.Length > 0 ? JsonDocument.Parse(run.Scene).RootElement.Clone() : null;
    }
}
