using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>The clips' numbers.</summary>
internal sealed class SegmentApi(PreferenceStore store, RunChoice runs)
{
    public async Task<object?> ReadAsync(HttpContext context, Labeler labeler)
    {
        Segment segment = Find(Requests.Id(context, "segment"));
        byte[] clip = ClipWriter.Write(segment);
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = clip.Length;
        // A segment is never changed. Private: only this labeler's browser may keep it.
        context.Response.Headers.CacheControl = "private, max-age=86400, immutable";
        await context.Response.Body.WriteAsync(clip, context.RequestAborted).ConfigureAwait(false);
        return null;
    }

    private Segment Find(long id)
    {
        try
        {
            Segment segment = store.GetSegment(id);
            return runs.Has(segment.RunId) ? segment : throw Problem.NotFound($"There is no segment {id}.");
        }
        catch (ArgumentException)
        {
            throw Problem.NotFound($"There is no segment {id}.");
        }
    }
}
