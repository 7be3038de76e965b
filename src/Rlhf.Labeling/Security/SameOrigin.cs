using Microsoft.AspNetCore.Http;

namespace Rlhf.Labeling.Security;

/// <summary>
/// Only this server's own page may change anything. Three things stand against forged requests: the cookie is SameSite=Strict, the
/// header below cannot be set across origins without a permission that is never given, and a named origin must be this one.
/// </summary>
internal sealed class SameOrigin(string? publicUrl)
{
    /// <summary>What every request that is not a GET carries.</summary>
    public const string Header = "X-Rlhf-Labeling";

    private readonly string? _public = publicUrl is null ? null : new Uri(publicUrl).GetLeftPart(UriPartial.Authority);

    public void Require(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return;
        if (request.Headers[Header].Count == 0)
            throw Problem.ForeignOrigin($"Requests that change something carry the header {Header}.");
        string site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
            throw Problem.ForeignOrigin($"This came from another site ({site}).");
        string origin = request.Headers.Origin.ToString();
        string own = $"{request.Scheme}://{request.Host}";
        if (origin.Length > 0 && !Same(origin, own) && !Same(origin, _public))
            throw Problem.ForeignOrigin($"This came from {origin}, expected {_public ?? own}. Behind a proxy, start the server with --public_url.");
    }

    private static bool Same(string origin, string? allowed) => string.Equals(origin, allowed, StringComparison.OrdinalIgnoreCase);
}
