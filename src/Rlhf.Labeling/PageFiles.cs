using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Rlhf.Labeling;

/// <summary>The page's files, embedded in the assembly: nothing is read from the disk, and nothing else can be.</summary>
internal static class PageFiles
{
    private static readonly FrozenDictionary<string, PageFile> Files = Load();

    /// <summary>Serves a file where the path is one of them.</summary>
    public static async Task<bool> TryServeAsync(HttpContext context)
    {
        string name = context.Request.Path.Value is null or "/" ? "index.html" : context.Request.Path.Value[1..];
        bool head = HttpMethods.IsHead(context.Request.Method);
        if (!(head || HttpMethods.IsGet(context.Request.Method)) || !Files.TryGetValue(name, out PageFile? file))
            return false;
        context.Response.ContentType = file.Type;
        context.Response.Headers.ETag = file.Tag;
        // Asked for again each time, and answered in a few bytes while it is the same: a newer server's page is never mixed with an older one's.
        context.Response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return true;
        }

        context.Response.ContentLength = file.Bytes.Length;
        if (!head)
            await context.Response.Body.WriteAsync(file.Bytes, context.RequestAborted).ConfigureAwait(false);
        return true;
    }

    private static FrozenDictionary<string, PageFile> Load()
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        return assembly.GetManifestResourceNames().ToFrozenDictionary(name => name, name =>
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return new PageFile(bytes, TypeOf(name), new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"").ToString());
        });
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        string other => throw new InvalidOperationException($"page file {name}: no content type for {other}"),
    };

    private sealed record PageFile(byte[] Bytes, string Type, string Tag);
}
