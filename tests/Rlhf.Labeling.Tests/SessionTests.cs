using System.Net;
using System.Net.Http.Json;

namespace Rlhf.Labeling.Tests;

public sealed class SessionTests
{
    [Test]
    public async Task SignIn_SetsACookie_ThatScriptsAndOtherSitesCannotUse()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using var client = new ApiClient(host.Address);
        using HttpResponseMessage response = await client.PostAsync("api/session", new { token = host.Store.InviteLabeler("Ada").Token });
        string cookie = response.Headers.GetValues("Set-Cookie").Single();
        Assert.That(cookie, Does.Contain("; httponly").IgnoreCase.And.Contain("; samesite=strict").IgnoreCase.And.Contain("; path=/").IgnoreCase);
        Assert.That(cookie, Does.Not.Contain("secure").IgnoreCase, "plain http: a secure cookie would never come back");
        Assert.That((await client.ReadAsync("api/session")).GetProperty("name").GetString(), Is.EqualTo("Ada"));
    }

    [Test]
    public async Task SignIn_SetsASecureHostCookie_BehindAProxyWithTls()
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { PublicUrl = "https://label.example.org" });
        using var client = new ApiClient(host.Address);
        using HttpResponseMessage response = await client.PostAsync("api/session", new { token = host.Store.InviteLabeler("Ada").Token });
        Assert.That(response.Headers.GetValues("Set-Cookie").Single(), Does.StartWith("__Host-rlhf-").And.Contain("; secure").IgnoreCase);
    }

    [TestCase("")]
    [TestCase("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [TestCase("' OR 1=1 --")]
    public async Task SignIn_IsRefused_WithAWrongToken(string token)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        host.Store.InviteLabeler("Ada");
        host.Store.AddOracle("oracle");
        using var client = new ApiClient(host.Address);
        Assert.That(await client.RefusedAsync("api/session", new { token }), Is.EqualTo((401, "unauthorized")));
        Assert.That(client.Cookies.Count, Is.Zero);
    }

    [Test]
    public async Task Revoking_EndsTheSession_WithTheNextRequest()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        Assert.That((int)(await client.GetAsync("api/session")).StatusCode, Is.EqualTo(200));
        host.Store.RevokeLabeler(client.Labeler.Id);
        Assert.That(await ApiClient.RefusedAsync(await client.GetAsync("api/session")), Is.EqualTo((401, "unauthorized")));
        Assert.That(await client.RefusedAsync("api/claims", new { count = 1 }), Is.EqualTo((401, "unauthorized")));
        Assert.That(await client.RefusedAsync("api/session", new { token = client.Token }), Is.EqualTo((401, "unauthorized")));
    }

    [Test]
    public async Task SignOut_TakesTheCookieAway_AndTheInvitationStaysGood()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Delete, "api/session", null, ("X-Rlhf-Labeling", "1"));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That((int)(await client.GetAsync("api/session")).StatusCode, Is.EqualTo(401));
        Assert.That((int)(await client.PostAsync("api/session", new { token = client.Token })).StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task Session_Lasts_OverARestartOfTheServer()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using ApiClient client = await host.SignInAsync("Ada");
        await host.StopAsync();
        await host.StartAgainAsync();
        Assert.That((await client.ReadAsync("api/session")).GetProperty("name").GetString(), Is.EqualTo("Ada"));
    }

    [TestCase("GET", "api/session")]
    [TestCase("GET", "api/history")]
    [TestCase("GET", "api/progress")]
    [TestCase("GET", "api/segments/1")]
    [TestCase("POST", "api/claims")]
    [TestCase("POST", "api/claims/1/answer")]
    [TestCase("POST", "api/claims/1/renew")]
    [TestCase("DELETE", "api/claims/1")]
    [TestCase("POST", "api/undo")]
    [TestCase("POST", "api/queries/1/change")]
    public async Task EveryAddress_NeedsASession(string method, string path)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        using var client = new ApiClient(host.Address);
        using HttpContent? body = method == "POST" ? JsonContent.Create(new { }) : null;
        Assert.That(
            await ApiClient.RefusedAsync(await client.SendAsync(new HttpMethod(method), path, body, ("X-Rlhf-Labeling", "1"))), Is.EqualTo((401, "unauthorized")));
    }

    [Test]
    public async Task Link_CarriesTheSecretBehindTheHash_WhereNoServerSeesIt()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        var link = new Uri(host.Server.LinkFor(host.Store.InviteLabeler("Ada")));
        Assert.That(link.PathAndQuery, Is.EqualTo("/"));
        Assert.That(link.Fragment, Does.Match("^#invite=[A-Za-z0-9_-]{43}$"));
    }
}
