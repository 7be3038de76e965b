using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

/// <summary>A browser's half of the interface: cookies, the header of the page, JSON.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _client;

    public ApiClient(Uri address)
    {
        Cookies = new CookieContainer();
        _client = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false }) { BaseAddress = address };
    }

    public CookieContainer Cookies { get; }

    public Labeler Labeler { get; init; } = null!;

    public string Token { get; init; } = string.Empty;

    public Task<HttpResponseMessage> GetAsync(string path) => _client.GetAsync(path);

    public Task<HttpResponseMessage> PostAsync(string path, object body) => SendAsync(HttpMethod.Post, path, JsonContent.Create(body), ("X-Rlhf-Labeling", "1"));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _client.SendAsync(request);
    }

    /// <summary>The body of a request that must succeed.</summary>
    public async Task<JsonElement> ReadAsync(string path) => await Json(await GetAsync(path), 200);

    /// <summary>The same for a post.</summary>
    public async Task<JsonElement> PostOkAsync(string path, object body) => await Json(await PostAsync(path, body), 200);

    /// <summary>Questions held, up to a number.</summary>
    public async Task<JsonElement[]> ClaimAsync(int count = 1) => [.. (await PostOkAsync("api/claims", new { count })).GetProperty("claims").EnumerateArray()];

    /// <summary>The status and the kind of problem that a post is refused with.</summary>
    public async Task<(int Status, string Code)> RefusedAsync(string path, object body) => await RefusedAsync(await PostAsync(path, body));

    public static async Task<(int Status, string Code)> RefusedAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
            JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo((int)response.StatusCode));
            Assert.That(problem.GetProperty("title").GetString(), Is.Not.Empty);
            Assert.That(problem.GetProperty("detail").GetString(), Is.Not.Empty);
            return ((int)response.StatusCode, problem.GetProperty("type").GetString()!.Split(':')[^1]);
        }
    }

    public void Dispose() => _client.Dispose();

    private static async Task<JsonElement> Json(HttpResponseMessage response, int status)
    {
        using (response)
        {
            Assert.That((int)response.StatusCode, Is.EqualTo(status), await response.Content.ReadAsStringAsync());
            return await response.Content.ReadFromJsonAsync<JsonElement>();
        }
    }
}
