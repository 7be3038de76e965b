using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Rlhf.Preferences;

namespace Rlhf.Benchmarks.Labeling;

/// <summary>Does what the page does: signs in, holds two questions ahead, looks at each for a while, answers, and now and then sends an answer twice.</summary>
internal sealed class SimulatedLabeler : IDisposable
{
    private const int Ahead = 2;
    private const double RepeatRate = 0.02;
    private readonly HttpClient _client;
    private readonly Invitation _invitation;
    private readonly Random _random;
    private readonly TimeSpan _think;
    private readonly Queue<JsonElement> _questions = new();
    private readonly HashSet<long> _known = [];

    public SimulatedLabeler(Uri address, Invitation invitation, Random random, TimeSpan think)
    {
        _invitation = invitation;
        _random = random;
        _think = think;
        _client = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = address };
        _client.DefaultRequestHeaders.Add("X-Rlhf-Labeling", "1");
    }

    public long Id => _invitation.Labeler.Id;

    /// <summary>The query and the segment that was preferred, of every answer that the server acknowledged.</summary>
    public List<(long Query, long Preferred)> Acknowledged { get; } = [];

    public int Repeated { get; private set; }

    public int Failures { get; private set; }

    /// <summary>Seconds from asking for another pair until its numbers are there.</summary>
    public List<double> NextPair { get; } = [];

    public List<double> Claims { get; } = [];

    public List<double> Answers { get; } = [];

    public async Task LabelAsync(CancellationToken end)
    {
        try
        {
            // They do not all come in the same moment.
            await Task.Delay(_think * _random.NextDouble(), end).ConfigureAwait(false);
            await PostAsync("api/session", new { token = _invitation.Token }, end).ConfigureAwait(false);
            while (!end.IsCancellationRequested)
            {
                if (_questions.Count <= Ahead - 1)
                    await FillAsync(end).ConfigureAwait(false);
                await Task.Delay(_think * (0.5 + _random.NextDouble()), end).ConfigureAwait(false);
                if (_questions.TryDequeue(out JsonElement question))
                    await AnswerAsync(question, end).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task FillAsync(CancellationToken end)
    {
        long start = Stopwatch.GetTimestamp();
        if (await PostAsync("api/claims", new { count = _questions.Count + Ahead }, end).ConfigureAwait(false) is not JsonElement body)
            return;
        Claims.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        foreach (JsonElement question in body.GetProperty("claims").EnumerateArray().Where(question => _known.Add(question.GetProperty("claim").GetInt64())))
        {
            long before = Stopwatch.GetTimestamp();
            JsonElement clips = question.GetProperty("clips");
            await Task.WhenAll(new[] { "left", "right" }.Select(side => _client.GetByteArrayAsync(clips.GetProperty(side).GetProperty("url").GetString(), end))).ConfigureAwait(false);
            NextPair.Add(Claims[^1] + Stopwatch.GetElapsedTime(before).TotalSeconds);
            _questions.Enqueue(question);
        }
    }

    private async Task AnswerAsync(JsonElement question, CancellationToken end)
    {
        string side = _random.Next(2) == 0 ? "left" : "right", path = $"api/claims/{question.GetProperty("claim").GetInt64()}/answer";
        long start = Stopwatch.GetTimestamp();
        if (await PostAsync(path, new { answer = side }, end).ConfigureAwait(false) is null)
            return;
        Answers.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        string url = question.GetProperty("clips").GetProperty(side).GetProperty("url").GetString()!;
        Acknowledged.Add((question.GetProperty("query").GetInt64(), long.Parse(url.Split('/')[^1])));
        if (_random.NextDouble() < RepeatRate)
        {
            await PostAsync(path, new { answer = side }, end).ConfigureAwait(false);
            Repeated++;
        }
    }

    private async Task<JsonElement?> PostAsync(string path, object body, CancellationToken end)
    {
        using HttpResponseMessage response = await _client.PostAsJsonAsync(path, body, end).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            Failures++;
            return null;
        }

        return await response.Content.ReadFromJsonAsync<JsonElement>(end).ConfigureAwait(false);
    }
}
