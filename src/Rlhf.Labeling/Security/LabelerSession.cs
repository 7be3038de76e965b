using Microsoft.AspNetCore.Http;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Security;

/// <summary>
/// Who makes a request. The invitation's secret itself is the session: it lies in a cookie that scripts cannot read, the store knows its
/// hash, and a revoked labeler is out with the next request. A restarted server knows everyone again.
/// </summary>
internal sealed class LabelerSession(PreferenceStore store, LabelingOptions options)
{
    // 256 bits in base64url are 43 characters; what is longer cannot be one, and is not hashed.
    private const int LongestToken = 64;

    /// <summary>The labeler of the request's cookie.</summary>
    public Labeler Require(HttpContext context) =>
        context.Request.Cookies.TryGetValue(CookieName(context), out string? token)
            ? Find(token) ?? throw Problem.Unauthorized("Your invitation was revoked, or this server never gave it.")
            : throw Problem.Unauthorized("Open the invitation link that you were sent.");

    /// <summary>Starts a session with an invitation's secret.</summary>
    public Labeler SignIn(HttpContext context, string? token)
    {
        Labeler labeler = Find(token) ?? throw Problem.Unauthorized("This invitation is unknown, or was revoked.");
        context.Response.Cookies.Append(CookieName(context), token!, Cookie(context, options.SessionAge));
        return labeler;
    }

    /// <summary>Ends the browser's session; the invitation stays good.</summary>
    public void SignOut(HttpContext context) => context.Response.Cookies.Delete(CookieName(context), Cookie(context, null));

    private Labeler? Find(string? token) =>
        token is { Length: > 0 and <= LongestToken } && store.FindLabeler(token) is { Kind: LabelerKind.Human } labeler ? labeler : null;

    private bool IsSecure(HttpContext context) =>
        context.Request.IsHttps || options.PublicUrl?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;

    // Cookies do not know ports: two servers of one machine must not sign each other's labelers out.
    private string CookieName(HttpContext context) =>
        IsSecure(context) ? $"__Host-rlhf-{context.Connection.LocalPort}" : $"rlhf-{context.Connection.LocalPort}";

    private CookieOptions Cookie(HttpContext context, TimeSpan? age) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = IsSecure(context),
        Path = "/",
        MaxAge = age,
        IsEssential = true,
    };
}
