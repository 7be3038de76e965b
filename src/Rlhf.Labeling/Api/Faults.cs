using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>The last border of a request: whatever is thrown becomes a problem document, and what is the server's fault a line in its log.</summary>
internal static class Faults
{
    public static async Task GuardAsync(HttpContext context, Func<Task> next, LabelingOptions options)
    {
        Problem problem;
        try
        {
            await next().ConfigureAwait(false);
            if (context.Response.HasStarted || context.Response.StatusCode < StatusCodes.Status400BadRequest)
                return;
            problem = Problem.Of(context.Response.StatusCode);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // A request must not end the server.
        catch (Exception error)
#pragma warning restore CA1031
        {
            problem = Explain(error, options);
            if (problem.Status >= StatusCodes.Status500InternalServerError)
                options.Log($"{context.Request.Method} {context.Request.Path}: {error.Message}");
        }

        if (!context.Response.HasStarted)
            await problem.WriteAsync(context.Response).ConfigureAwait(false);
    }

    private static Problem Explain(Exception error, LabelingOptions options) => error switch
    {
        Problem problem => problem,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Problem.TooLarge(options.MaxBodyBytes),
        BadHttpRequestException bad => Problem.BadRequest(bad.Message),
        // Nothing that a labeler could mend, and nothing lost: the page keeps the answer and tries again.
        PreferenceStoreException store => Problem.Unavailable(store.Message),
        _ => Problem.Fault(),
    };
}
