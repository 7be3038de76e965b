using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Rlhf.Models;

namespace Rlhf.Cli.Verbs.Prefs.Dashboard;

/// <summary>Serves one run's folder as a live page, to this machine only. It reads and never writes.</summary>
internal sealed class DashboardServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private DashboardServer(WebApplication application) => _application = application;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Starts serving.</summary>
    /// <param name="directory">The run's folder.</param>
    /// <param name="port">On loopback; 0: any that is free.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="DataFormatException">The port is taken.</exception>
    public static async Task<DashboardServer> StartAsync(string directory, int port, CancellationToken cancellation = default)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        WebApplication application = builder.Build();
        application.UseRouting();
        application.MapGet("/", context => Write(context, "text/html; charset=utf-8", () => RunReport.LivePage(directory)));
        application.MapGet("/body", context => Write(context, "text/html; charset=utf-8", () => RunReport.Body(directory)));
        application.MapGet("/films", context => Write(context, "application/json", () =>
            Path.Combine(directory, "films.json") is var path && File.Exists(path) ? File.ReadAllText(path) : "null"));
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new DataFormatException($"port {port} of this machine cannot be served: {error.Message}", error);
        }

        return new DashboardServer(application);
    }

    /// <summary>Completes when the server has been stopped.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _application.WaitForShutdownAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task Write(HttpContext context, string type, Func<string> text)
    {
        // Another site's page in the same browser must not read this one: an address that is not loopback's own name is refused.
        if (context.Request.Host.Host is not ("localhost" or "127.0.0.1"))
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return;
        }

        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        await context.Response.WriteAsync(text(), context.RequestAborted).ConfigureAwait(false);
    }
}
