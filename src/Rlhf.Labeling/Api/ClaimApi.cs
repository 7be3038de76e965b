using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>Questions to a labeler, their locks, and their answers.</summary>
internal sealed class ClaimApi(PreferenceStore store, RunChoice runs, QuestionWriter questions, LabelingOptions options)
{
    private const int MostHeld = 8;

    private sealed record ClaimBody(int Count = 1);

    private sealed record UndoBody(long? Query = null);

    /// <summary>Everything that the labeler holds, locked anew, and more up to the number that the page wants to have.</summary>
    public async Task<object?> ClaimAsync(HttpContext context, Labeler labeler)
    {
        ClaimBody body = await Requests.ReadAsync<ClaimBody>(context).ConfigureAwait(false);
        if (body.Count is < 1 or > MostHeld)
            throw Problem.BadRequest($"count {body.Count}, expected 1 to {MostHeld}.");
        var claims = new List<Claim>();
        foreach (PreferenceRun run in runs.All())
        {
            if (claims.Count < body.Count)
                claims.AddRange(await store.ClaimAsync(labeler.Id, run.Id, body.Count - claims.Count).ConfigureAwait(false));
        }

        return new { claims = claims.ConvertAll(claim => questions.Of(claim)) };
    }

    public async Task<object?> RenewAsync(HttpContext context, Labeler labeler)
    {
        long id = Requests.Id(context, "claim");
        if (await store.RenewAsync(id, labeler.Id).ConfigureAwait(false) is DateTimeOffset until)
            return new { secondsLeft = (until - options.Clock.GetUtcNow()).TotalSeconds };
        Claim claim = Own(id, labeler);
        throw store.FindLabel(claim.Query.Id, labeler.Id) is null ? Problem.LockExpired() : Problem.AlreadyAnswered();
    }

    public Task<object?> ReleaseAsync(HttpContext context, Labeler labeler)
    {
        store.Release(Requests.Id(context, "claim"), labeler.Id);
        return Task.FromResult<object?>(null);
    }

    /// <summary>Stores an answer. The same answer to the same claim again is the same answer: a page that heard nothing sends it once more.</summary>
    public async Task<object?> AnswerAsync(HttpContext context, Labeler labeler)
    {
        long id = Requests.Id(context, "claim");
        Judgement judgement = (await Requests.ReadAsync<JudgementBody>(context).ConfigureAwait(false)).ToJudgement();
        AnswerResult result;
        try
        {
            result = await store.AnswerAsync(id, labeler.Id, judgement).ConfigureAwait(false);
        }
        catch (ArgumentException error)
        {
            throw Problem.Invalid(error.Message);
        }

        return result.Status switch
        {
            AnswerStatus.Accepted => new { label = result.LabelId, repeated = false },
            AnswerStatus.AlreadyAnswered => Repeated(Own(id, labeler), labeler, judgement),
            AnswerStatus.LockExpired => throw Problem.LockExpired(),
            _ => throw Problem.NotFound($"You hold no question {id}."),
        };
    }

    /// <summary>
    /// Takes the labeler's last answer back and asks again. With the query that the page believes to be the last: a request repeated because
    /// its reply was lost gets the same question and undoes nothing more.
    /// </summary>
    public async Task<object?> UndoAsync(HttpContext context, Labeler labeler)
    {
        UndoBody body = await Requests.ReadAsync<UndoBody>(context).ConfigureAwait(false);
        Label? last = Newest(labeler, label => !label.Retracted);
        Label? undone = body.Query is long query ? Newest(labeler, label => label.Query.Id == query) : last;
        if (body.Query is null && last is null)
            return new { question = (Question?)null };
        if (undone is null || (!undone.Retracted && undone.Id != last?.Id)
            || await store.UndoAsync(labeler.Id, undone.Query.RunId, undone.Query.Id).ConfigureAwait(false) is not Claim claim)
        {
            throw Problem.NotFound("That answer is not your last one any more.");
        }

        return new { question = questions.Of(claim, undone.Judgement) };
    }

    private Label? Newest(Labeler labeler, Func<Label, bool> fits) =>
        runs.All().Select(run => Newest(run.Id, labeler, fits)).Where(label => label is not null).MaxBy(label => label!.Id);

    private Label? Newest(long run, Labeler labeler, Func<Label, bool> fits)
    {
        const int PageSize = 20;
        for (long before = long.MaxValue; ;)
        {
            IReadOnlyList<Label> page = store.GetHistory(run, labeler.Id, before, PageSize);
            Label? newest = page.FirstOrDefault(fits);
            if (newest is not null || page.Count < PageSize)
                return newest;
            before = page[^1].Id;
        }
    }

    private object Repeated(Claim claim, Labeler labeler, Judgement judgement) =>
        store.FindLabel(claim.Query.Id, labeler.Id) is Label label && label.Judgement == Display.ToItems(judgement, claim.Order)
            ? new { label = label.Id, repeated = true }
            : throw Problem.AlreadyAnswered();

    private Claim Own(long id, Labeler labeler) =>
        store.FindClaim(id) is { } claim && claim.LabelerId == labeler.Id ? claim : throw Problem.NotFound($"You hold no question {id}.");
}
