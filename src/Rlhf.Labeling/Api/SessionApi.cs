using Microsoft.AspNetCore.Http;
using Rlhf.Labeling.Security;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>Signing in and out, and what a signed-in page has to know.</summary>
internal sealed class SessionApi(PreferenceStore store, RunChoice runs, LabelerSession sessions, RequestLimits limits, LabelingOptions options)
{
    private sealed record SignInBody(string? Token);

    public async Task<object?> SignInAsync(HttpContext context)
    {
        limits.Take(context);
        SignInBody body = await Requests.ReadAsync<SignInBody>(context).ConfigureAwait(false);
        return Describe(sessions.SignIn(context, body.Token));
    }

    public Task<object?> ReadAsync(HttpContext context, Labeler labeler) => Task.FromResult<object?>(Describe(labeler));

    public Task<object?> SignOutAsync(HttpContext context, Labeler labeler)
    {
        sessions.SignOut(context);
        return Task.FromResult<object?>(null);
    }

    private object Describe(Labeler labeler) => new
    {
        labeler.Id,
        labeler.Name,
        options.Run,
        LockSeconds = store.LockDuration.TotalSeconds,
        Answered = runs.All().Sum(run => store.GetProgress(run.Id).ByLabeler.GetValueOrDefault(labeler.Id)),
    };
}
