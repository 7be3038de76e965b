using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace Rlhf.Labeling.Tests;

public sealed class SecurityTests
{
    [TestCase("X-Rlhf-Labeling", "1", 200)]
    [TestCase("X-Other", "1", 403)]
    public async Task Changes_NeedThePagesHeader(string name, string value, int status)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Post, "api/claims", JsonContent.Create(new { count = 1 }), (name, value));
        Assert.That((int)response.StatusCode, Is.EqualTo(status));
    }

    [TestCase("Origin", "https://evil.example", 403)]
    [TestCase("Origin", "null", 403)]
    [TestCase("Sec-Fetch-Site", "cross-site", 403)]
    [TestCase("Sec-Fetch-Site", "same-site", 403)]
    [TestCase("Sec-Fetch-Site", "same-origin", 200)]
    public async Task Changes_FromAnotherOrigin_AreRefused(string name, string value, int status)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        using HttpResponseMessage response = await client.SendAsync(
            HttpMethod.Post, "api/claims", JsonContent.Create(new { count = 1 }), ("X-Rlhf-Labeling", "1"), (name, value));
        Assert.That((int)response.StatusCode, Is.EqualTo(status));
        if (status == 403)
            Assert.That(await ApiClient.RefusedAsync(response), Is.EqualTo((403, "foreign-origin")));
    }

    [Test]
    public async Task Changes_FromThePublicAddress_AreTaken_BehindAProxy()
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { PublicUrl = "https://label.example.org/" });
        using var client = new ApiClient(host.Address);
        (string, string)[] headers = [("X-Rlhf-Labeling", "1"), ("Origin", "https://label.example.org")];
        using HttpResponseMessage response = await client.SendAsync(
            HttpMethod.Post, "api/session", JsonContent.Create(new { token = host.Store.InviteLabeler("Ada").Token }), headers);
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task Page_ForbidsInlineScripts_Frames_AndEverythingFromElsewhere()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using var client = new ApiClient(host.Address);
        using HttpResponseMessage response = await client.GetAsync("");
        string policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.That(policy, Does.Contain("default-src 'none'").And.Contain("script-src 'self'").And.Contain("frame-ancestors 'none'"));
        Assert.That(policy, Does.Not.Contain("unsafe"));
        Assert.That(response.Headers.GetValues("X-Content-Type-Options").Single(), Is.EqualTo("nosniff"));
        Assert.That(response.Headers.GetValues("Referrer-Policy").Single(), Is.EqualTo("no-referrer"));
        Assert.That(response.Headers.Contains("Server"), Is.False);
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("style=").And.Not.Contain("onclick"));
    }

    [Test]
    public async Task Body_IsRefused_AboveTheLimit()
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { MaxBodyBytes = 1000 });
        using ApiClient client = await host.SignInAsync("Ada");
        Assert.That(await client.RefusedAsync("api/claims/1/answer", new { text = new string('a', 2000) }), Is.EqualTo((413, "too-large")));
        Assert.That(await client.RefusedAsync("api/claims/1/answer", new { text = new string('a', 500) }), Is.EqualTo((404, "not-found")), "the limit is the reason");
    }

    [Test]
    public async Task Requests_AreRefused_AboveTheRate_ForThatLabelerAlone()
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { Requests = (3, 1) });
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        int[] statuses = new int[6];
        for (int i = 0; i < statuses.Length; i++)
            statuses[i] = (int)(await ada.GetAsync("api/session")).StatusCode;
        Assert.That(statuses[..3], Is.All.EqualTo(200));
        Assert.That(statuses, Does.Contain(429));
        using HttpResponseMessage other = await grace.GetAsync("api/session");
        Assert.That((int)other.StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task SignIns_AreRefused_AboveTheRate_AndSayWhenToComeBack()
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { SignIns = (2, 1) });
        using var client = new ApiClient(host.Address);
        for (int i = 0; i < 2; i++)
            Assert.That((await client.RefusedAsync("api/session", new { token = "guess" })).Status, Is.EqualTo(401));
        using HttpResponseMessage response = await client.PostAsync("api/session", new { token = "guess" });
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
        Assert.That(await ApiClient.RefusedAsync(response), Is.EqualTo((429, "too-many")));
    }

    [TestCase("{", 400, "bad-request")]
    [TestCase("null", 400, "bad-request")]
    [TestCase("{\"count\": 99}", 400, "bad-request")]
    [TestCase("{\"coutn\": 1}", 400, "bad-request")]
    [TestCase("{\"count\": \"1\"}", 400, "bad-request")]
    public async Task BadBody_IsRefused_WithTheReason(string body, int status, string code)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        Assert.That(await ApiClient.RefusedAsync(await client.SendAsync(HttpMethod.Post, "api/claims", content, ("X-Rlhf-Labeling", "1"))), Is.EqualTo((status, code)));
    }

    [Test]
    public async Task BodyThatIsNotJson_IsRefused()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        using var form = new FormUrlEncodedContent([new("count", "1")]);
        Assert.That(await ApiClient.RefusedAsync(await client.SendAsync(HttpMethod.Post, "api/claims", form, ("X-Rlhf-Labeling", "1"))), Is.EqualTo((415, "media-type")));
    }

    [TestCase("nothing/here", 404, "not-found")]
    [TestCase("../appsettings.json", 404, "not-found")]
    [TestCase("%2e%2e/labels.db", 404, "not-found")]
    [TestCase("api/claims", 405, "method")]
    public async Task OtherAddresses_AreProblems(string path, int status, string code)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        Assert.That(await ApiClient.RefusedAsync(await client.GetAsync(path)), Is.EqualTo((status, code)));
    }

    [TestCase("", "text/html")]
    [TestCase("app.js", "text/javascript")]
    [TestCase("base.css", "text/css")]
    [TestCase("icon.svg", "image/svg+xml")]
    public async Task PageFile_IsServedOnce_AndThenUnchanged(string path, string type)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using var client = new ApiClient(host.Address);
        using HttpResponseMessage first = await client.GetAsync(path);
        Assert.That(first.Content.Headers.ContentType?.MediaType, Is.EqualTo(type));
        Assert.That((await first.Content.ReadAsByteArrayAsync()).Length, Is.GreaterThan(100));
        using HttpResponseMessage second = await client.SendAsync(HttpMethod.Get, path, null, ("If-None-Match", first.Headers.ETag!.Tag));
        Assert.That((int)second.StatusCode, Is.EqualTo(304));
    }

    [TestCase("http://127.0.0.1:0", false)]
    [TestCase("http://0.0.0.0:0", true)]
    public async Task Server_KnowsThatItIsExposed(string url, bool exposed)
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { Url = url });
        Assert.That(host.Server.IsExposed, Is.EqualTo(exposed));
    }

    [TestCase("http://*:0")]
    [TestCase("http://+:0")]
    [TestCase("http://0.0.0.0:0")]
    public async Task Link_NamesTheMachine_WhereTheServerListensEverywhere(string url)
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { Url = url });
        var link = new Uri(host.Server.LinkFor(host.Store.InviteLabeler("Ada")));
        Assert.That(link.Host, Is.EqualTo(Dns.GetHostName()).IgnoreCase);
        Assert.That(link.Port, Is.EqualTo(host.Server.Address.Port));
    }

    [TestCase("127.0.0.1:80", "expected http://ADDRESS:PORT")]
    [TestCase("http://example.org:80", "not an address of this machine")]
    [TestCase("https://127.0.0.1:0", "https needs a certificate")]
    public void Url_ThatCannotBe_IsOneLine(string url, string expected) =>
        Assert.That(async () => await LabelingHost.StartAsync(options => options with { Url = url }), Throws.ArgumentException.With.Message.Contains(expected));
}
