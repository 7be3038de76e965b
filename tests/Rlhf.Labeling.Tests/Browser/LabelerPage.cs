using Microsoft.Playwright;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>A labeler at the page.</summary>
internal sealed class LabelerPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    private LabelerPage(IBrowserContext context, IPage page, Invitation invitation)
    {
        _context = context;
        Page = page;
        Labeler = invitation.Labeler;
        // What a labeler would see in red in the console; a refused or lost request is no fault of the page.
        Page.PageError += (_, error) => Errors.Add(error);
        Page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                Errors.Add(message.Text);
        };
    }

    public IPage Page { get; }

    public Labeler Labeler { get; }

    public List<string> Errors { get; } = [];

    public ILocator Question => Page.Locator(".question");

    /// <summary>Invites somebody, and opens their link.</summary>
    public static async Task<LabelerPage> OpenAsync(LabelingHost host, string name, bool phone = false, bool dark = false, bool manualClock = false)
    {
        IBrowserContext context = await Chromium.Require().NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = phone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1280, Height = 860 },
            DeviceScaleFactor = phone ? 2 : 1,
            HasTouch = phone,
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
        });
        context.SetDefaultTimeout(45_000);
        IPage page = await context.NewPageAsync();
        if (manualClock)
            await page.Clock.InstallAsync();
        Invitation invitation = host.Store.InviteLabeler(name);
        var labeler = new LabelerPage(context, page, invitation);
        await page.GotoAsync(host.Server.LinkFor(invitation));
        return labeler;
    }

    /// <summary>Waits until a question is there and may be answered, and gives its query.</summary>
    public async Task<long> ReadyAsync()
    {
        await Page.Locator(".question .answers button:enabled").First.WaitForAsync();
        // The page takes no answer in the first quarter of a second, which would be a second press meant for the question before.
        await Page.WaitForFunctionAsync("shown => performance.now() - shown > 260", await Page.EvaluateAsync<double>("performance.now()"));
        return long.Parse((await Question.GetAttributeAsync("data-query"))!);
    }

    /// <summary>Presses a key and waits until another question, or none, is there.</summary>
    public async Task<long> PressAsync(string key)
    {
        long query = await ReadyAsync();
        await Page.Keyboard.PressAsync(key);
        await Page.Locator($".question[data-query='{query}']").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        return query;
    }

    /// <summary>Waits until every answer has been acknowledged.</summary>
    public Task DeliveredAsync() => Page.WaitForFunctionAsync("() => !Object.keys(localStorage).some(name => name.startsWith('rlhf-outbox'))");

    /// <summary>Writes a picture for people to look at, where RLHF_SCREENSHOTS names a folder.</summary>
    public async Task ShootAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("RLHF_SCREENSHOTS") is { Length: > 0 } folder)
            await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png") });
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.That(Errors, Is.Empty, "errors on the page");
    }
}
