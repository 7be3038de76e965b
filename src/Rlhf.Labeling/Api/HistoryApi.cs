using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>What a labeler answered, and second thoughts.</summary>
internal sealed class HistoryApi(PreferenceStore store, RunChoice runs, QuestionWriter questions)
{
    private const int MostAtOnce = 50;

    public Task<object?> ReadAsync(HttpContext context, Labeler labeler)
    {
        int count = (int)Math.Min(Requests.Number(context, "limit") ?? 20, MostAtOnce);
        long before = Requests.Number(context, "before") ?? long.MaxValue;
        Label[] page = [.. runs.All().SelectMany(run => store.GetHistory(run.Id, labeler.Id, before, count)).OrderByDescending(label => label.Id).Take(count)];
        return Task.FromResult<object?>(new
        {
            items = page.Where(label => !label.Retracted).Select(questions.Of).ToArray(),
            next = page.Length == count ? page[^1].Id : (long?)null,
        });
    }

    /// <summary>Puts another answer in the place of the labeler's own; the same one again changes nothing, so that it may be sent twice.</summary>
    public async Task<object?> ChangeAsync(HttpContext context, Labeler labeler)
    {
        long query = Requests.Id(context, "query");
        Judgement judgement = (await Requests.ReadAsync<JudgementBody>(context).ConfigureAwait(false)).ToJudgement();
        Label current = store.FindLabel(query, labeler.Id) ?? throw Problem.NotFound($"You gave no answer to question {query}.");
        if (current.Judgement == judgement)
            return new { label = current.Id, repeated = true };
        try
        {
            AnswerResult result = store.Replace(current.Id, labeler.Id, judgement);
            return result.Status == AnswerStatus.Accepted ? new { label = result.LabelId, repeated = false } : throw Problem.AlreadyAnswered();
        }
        catch (ArgumentException error)
        {
            throw Problem.Invalid(error.Message);
        }
    }
}
