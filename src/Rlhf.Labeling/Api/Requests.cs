using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Rlhf.Labeling.Api;

/// <summary>JSON in and out, and the way every fault becomes a problem document.</summary>
internal static class Requests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
    };

    public static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
            throw Problem.Of(StatusCodes.Status415UnsupportedMediaType);
        try
        {
            return await context.Request.ReadFromJsonAsync<T>(Json, context.RequestAborted).ConfigureAwait(false)
                ?? throw Problem.BadRequest("The body is null, expected an object.");
        }
        catch (JsonException error)
        {
            throw Problem.BadRequest($"The body is not what is expected here: {error.Message}");
        }
    }

    public static Task WriteAsync(HttpContext context, object? value)
    {
        if (value is null)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return context.Response.WriteAsJsonAsync(value, value.GetType(), Json, context.RequestAborted);
    }

    /// <summary>A whole number in the path.</summary>
    public static long Id(HttpContext context, string name) => long.TryParse(context.GetRouteValue(name) as string, out long id)
        ? id
        : throw Problem.NotFound($"'{context.GetRouteValue(name)}' is not a number.");

    /// <summary>A whole number behind the question mark.</summary>
    public static long? Number(HttpContext context, string name)
    {
        string text = context.Request.Query[name].ToString();
        return text.Length == 0 ? null : long.TryParse(text, out long number) && number > 0 ? number : throw Problem.BadRequest($"{name}={text}, expected a whole number above 0.");
    }
}
