using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

/// <summary>A store in a folder of its own and a real server on a free port of this machine, which can be ended and started again.</summary>
internal sealed class LabelingHost : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rlhf-labeling-");
    private readonly Func<LabelingOptions, LabelingOptions> _configure;
    private PreferenceStore? _store;
    private LabelingServer? _server;

    private LabelingHost(Func<LabelingOptions, LabelingOptions>? configure) => _configure = configure ?? (options => options);

    public ManualClock Clock { get; } = new();

    public PreferenceStore Store => _store!;

    public LabelingServer Server => _server!;

    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    public List<string> Log { get; } = [];

    public static async Task<LabelingHost> StartAsync(Func<LabelingOptions, LabelingOptions>? configure = null)
    {
        var host = new LabelingHost(configure);
        await host.StartAgainAsync();
        return host;
    }

    /// <summary>Ends the server and closes the store, as a killed process would.</summary>
    public async Task StopAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _server = null;
        _store?.Dispose();
        _store = null;
    }

    /// <summary>Opens the store again and serves it at the same address.</summary>
    public async Task StartAgainAsync()
    {
        _store = new PreferenceStore(Path.Combine(_folder.FullName, "labels.db"), new PreferenceStoreOptions { Clock = Clock });
        _server = await LabelingServer.StartAsync(
            _store, _configure(new LabelingOptions { Url = Address.ToString(), Clock = Clock, Log = Log.Add, SignIns = (1000, 1000), Requests = (100_000, 100_000) }));
        Address = _server.Address;
    }

    /// <summary>Invites a labeler and signs a client in with the link.</summary>
    public async Task<ApiClient> SignInAsync(string name)
    {
        Invitation invitation = Store.InviteLabeler(name);
        var client = new ApiClient(Address) { Labeler = invitation.Labeler, Token = invitation.Token };
        using HttpResponseMessage response = await client.PostAsync("api/session", new { token = invitation.Token });
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }
}
