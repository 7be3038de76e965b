using Microsoft.Playwright;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>One headless Chromium for all tests; each labeler has a profile of their own in it.</summary>
[SetUpFixture]
public sealed class Chromium
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
    private static IPlaywright? _playwright;
    private static IBrowser? _browser;

    /// <summary>Why there is none; null where there is one.</summary>
    public static string? Missing { get; private set; }

    /// <summary>The browser, or the test is skipped with the reason.</summary>
    public static IBrowser Require()
    {
        if (_browser is null)
            Assert.Ignore(Missing ?? "Chromium was not started");
        return _browser!;
    }

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        string? program = Environment.GetEnvironmentVariable("RLHF_CHROMIUM") is { Length: > 0 } chosen ? chosen : Places.FirstOrDefault(File.Exists);
        if (program is null)
        {
            Missing = "Chromium is not installed (apt-get install chromium, or RLHF_CHROMIUM=PROGRAM)";
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = program,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"],
        });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
