using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Labeling;

/// <summary>Why a request was refused, as a problem document (RFC 9457) with the HTTP code that says the same.</summary>
internal sealed class Problem(int status, string code, string title, string detail) : Exception(detail)
{
    public int Status => status;

    public static Problem BadRequest(string detail) => new(StatusCodes.Status400BadRequest, "bad-request", "The request cannot be read", detail);

    public static Problem Unauthorized(string detail) => new(StatusCodes.Status401Unauthorized, "unauthorized", "Not signed in", detail);

    public static Problem ForeignOrigin(string detail) => new(StatusCodes.Status403Forbidden, "foreign-origin", "Not from this page", detail);

    public static Problem NotFound(string detail) => new(StatusCodes.Status404NotFound, "not-found", "There is no such thing", detail);

    public static Problem AlreadyAnswered() => new(
        StatusCodes.Status409Conflict, "already-answered", "Already answered", "This question has its answer already; nothing was stored.");

    public static Problem LockExpired() => new(
        StatusCodes.Status410Gone, "lock-expired", "The lock ran out", "This question was kept for you for a while and is free for others again; nothing was stored.");

    public static Problem TooLarge(long limit) => new(
        StatusCodes.Status413PayloadTooLarge, "too-large", "The request is too large", $"A request may have {limit} bytes.");

    public static Problem Invalid(string detail) => new(StatusCodes.Status422UnprocessableEntity, "invalid", "The answer does not fit the question", detail);

    public static Problem TooMany() => new(StatusCodes.Status429TooManyRequests, "too-many", "Too many requests", "Wait a moment and try again.");

    public static Problem Unavailable(string detail) => new(StatusCodes.Status503ServiceUnavailable, "store", "The store cannot be used right now", detail);

    public static Problem Fault() => new(
        StatusCodes.Status500InternalServerError, "fault", "The server failed", "Something went wrong in the server; its log tells what. Nothing acknowledged is lost.");

    /// <summary>A status that the framework set without a word.</summary>
    public static Problem Of(int status) => status switch
    {
        StatusCodes.Status404NotFound => NotFound("Nothing has this address."),
        StatusCodes.Status405MethodNotAllowed => new(status, "method", "Not possible here", "This address does not take this method."),
        StatusCodes.Status413PayloadTooLarge => new(status, "too-large", "The request is too large", "The request has more bytes than may be sent."),
        StatusCodes.Status415UnsupportedMediaType => new(status, "media-type", "Not JSON", "The body must be application/json."),
        _ => new(status, "refused", "Refused", $"The server answered {status}."),
    };

    public async Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable && response.Headers.RetryAfter.Count == 0)
            response.Headers.RetryAfter = "1";
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new { type = $"urn:rlhf:labeling:{code}", title, status, detail = Message });
        await response.Body.WriteAsync(body).ConfigureAwait(false);
    }
}
