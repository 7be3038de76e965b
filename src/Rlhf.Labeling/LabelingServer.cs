using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Labeling.Api;
using Rlhf.Labeling.Security;
using Rlhf.Preferences;

namespace Rlhf.Labeling;

/// <summary>
/// The web application in which people compare, rank and write: a static page and a small JSON interface over a
/// <see cref="PreferenceStore"/>. Several servers and trainers may share one store file.
/// </summary>
public sealed class LabelingServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly RequestLimits _limits;
    private readonly LabelingOptions _options;

    private LabelingServer(WebApplication application, RequestLimits limits, LabelingOptions options)
    {
        _application = application;
        _limits = limits;
        _options = options;
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Whether other machines may reach it without encryption.</summary>
    public bool IsExposed => !Address.IsLoopback && Address.Scheme != Uri.UriSchemeHttps;

    /// <summary>Starts serving.</summary>
    /// <param name="store">Where questions and answers are; stays the caller's.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Ends the start.</param>
    public static async Task<LabelingServer> StartAsync(PreferenceStore store, LabelingOptions options, CancellationToken cancellation = default)
    {
        // Nothing is read from files or variables around the process: what is served is what the options say.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            Listen(kestrel, options);
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        WebApplication application = builder.Build();
        var limits = new RequestLimits(options);
        Map(application, store, limits, options);
        await application.StartAsync(cancellation).ConfigureAwait(false);
        return new LabelingServer(application, limits, options);
    }

    /// <summary>The link that signs a labeler in. The secret stands behind the #, which no browser sends to any server.</summary>
    public string LinkFor(Invitation invitation) => LinkFor(_options.PublicUrl ?? Address.ToString(), invitation);

    /// <summary>The same for a server that listens or will listen at <paramref name="url"/>; see <see cref="ForBrowsers"/>.</summary>
    public static string LinkFor(string url, Invitation invitation) => $"{ForBrowsers(url)}/#invite={invitation.Token}";

    /// <summary>An address to listen at as browsers take it: instead of "all addresses" (*, +, 0.0.0.0, [::]) the machine's name. No slash at the end.</summary>
    public static string ForBrowsers(string url)
    {
        Uri parsed = Parse(url);
        bool all = IPAddress.TryParse(parsed.Host.Trim('[', ']'), out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));
        return (all ? new UriBuilder(parsed) { Host = Dns.GetHostName() }.Uri.ToString() : url).TrimEnd('/');
    }

    /// <summary>Ends open requests and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        _limits.Dispose();
    }

    private static void Map(WebApplication application, PreferenceStore store, RequestLimits limits, LabelingOptions options)
    {
        var origin = new SameOrigin(options.PublicUrl);
        var sessions = new LabelerSession(store, options);
        var runs = new RunChoice(store, options);
        var questions = new QuestionWriter(store, options);
        var session = new SessionApi(store, runs, sessions, limits, options);
        var claims = new ClaimApi(store, runs, questions, options);
        var history = new HistoryApi(store, runs, questions);
        var progress = new ProgressApi(store, runs, options);
        var segments = new SegmentApi(store, runs);

        application.Use(async (context, next) =>
        {
            SecurityHeaders.Add(context);
            await Faults.GuardAsync(context, () => next(context), options).ConfigureAwait(false);
        });
        application.Use(async (context, next) =>
        {
            if (!await PageFiles.TryServeAsync(context).ConfigureAwait(false))
                await next(context).ConfigureAwait(false);
        });
        application.UseRouting();
        application.Use(async (context, next) =>
        {
            origin.Require(context.Request);
            await next(context).ConfigureAwait(false);
        });

        RequestDelegate Signed(Func<HttpContext, Labeler, Task<object?>> handle) => async context =>
        {
            Labeler labeler = sessions.Require(context);
            limits.Take(labeler);
            object? result = await handle(context, labeler).ConfigureAwait(false);
            if (!context.Response.HasStarted)
                await Requests.WriteAsync(context, result).ConfigureAwait(false);
        };

        application.MapPost("/api/session", async context =>
            await Requests.WriteAsync(context, await session.SignInAsync(context).ConfigureAwait(false)).ConfigureAwait(false));
        application.MapGet("/api/session", Signed(session.ReadAsync));
        application.MapDelete("/api/session", Signed(session.SignOutAsync));
        application.MapPost("/api/claims", Signed(claims.ClaimAsync));
        application.MapDelete("/api/claims/{claim}", Signed(claims.ReleaseAsync));
        application.MapPost("/api/claims/{claim}/renew", Signed(claims.RenewAsync));
        application.MapPost("/api/claims/{claim}/answer", Signed(claims.AnswerAsync));
        application.MapPost("/api/undo", Signed(claims.UndoAsync));
        application.MapGet("/api/history", Signed(history.ReadAsync));
        application.MapPost("/api/queries/{query}/change", Signed(history.ChangeAsync));
        application.MapGet("/api/progress", Signed(progress.ReadAsync));
        application.MapGet("/api/segments/{segment}", Signed(segments.ReadAsync));
    }

    private static Uri Parse(string url)
    {
        string spelled = url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal);
        return Uri.TryCreate(spelled, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "http" or "https"
            ? parsed
            : throw new ArgumentException($"url '{url}': expected http://ADDRESS:PORT or https://ADDRESS:PORT");
    }

    private static void Listen(KestrelServerOptions kestrel, LabelingOptions options)
    {
        Uri url = Parse(options.Url);
        IPAddress address = url.Host switch
        {
            "localhost" => IPAddress.Loopback,
            string host => IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? parsed)
                ? parsed
                : throw new ArgumentException($"url '{options.Url}': '{host}' is not an address of this machine, expected an IP address, localhost or *"),
        };
        kestrel.Listen(address, url.Port, endpoint =>
        {
            if (url.Scheme == "https")
            {
                (string certificate, string key) = options.Tls ?? throw new ArgumentException($"url '{options.Url}': https needs a certificate and its key");
                endpoint.UseHttps(X509Certificate2.CreateFromPemFile(certificate, key));
            }
        });
    }
}
