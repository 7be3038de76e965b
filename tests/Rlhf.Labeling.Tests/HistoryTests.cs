using System.Text.Json;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

public sealed class HistoryTests
{
    [Test]
    public async Task History_PagesThroughOnesOwnAnswers_NewestFirst()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store), other = Samples.AddFigures(host.Store, "hopper-2");
        for (int i = 0; i < 5; i++)
            Samples.AddPair(host.Store, i < 3 ? run : other, i);
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        foreach (JsonElement question in await ada.ClaimAsync(5))
            await ada.PostOkAsync($"api/claims/{question.GetProperty("claim").GetInt64()}/answer", new { answer = "tie" });
        var ids = new List<long>();
        for (string path = "api/history?limit=2"; ;)
        {
            JsonElement page = await ada.ReadAsync(path);
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("query").GetInt64()));
            if (page.GetProperty("next").ValueKind == JsonValueKind.Null)
                break;
            path = $"api/history?limit=2&before={page.GetProperty("next").GetInt64()}";
        }

        long[] newestFirst = [.. host.Store.GetLabels(run).Concat(host.Store.GetLabels(other)).OrderByDescending(label => label.Id).Select(label => label.Query.Id)];
        Assert.That(ids, Is.EqualTo(newestFirst));
        Assert.That((await grace.ReadAsync("api/history")).GetProperty("items").GetArrayLength(), Is.Zero);
        Assert.That(await ApiClient.RefusedAsync(await ada.GetAsync("api/history?before=x")), Is.EqualTo((400, "bad-request")));
    }

    [Test]
    public async Task Change_ReplacesTheAnswer_Once_HoweverOftenItIsSent()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        long query = Samples.AddPair(host.Store, run, 0);
        using ApiClient ada = await host.SignInAsync("Ada"), eve = await host.SignInAsync("Eve");
        await ada.PostOkAsync($"api/claims/{(await ada.ClaimAsync())[0].GetProperty("claim").GetInt64()}/answer", new { answer = "tie" });
        Assert.That((await ada.PostOkAsync($"api/queries/{query}/change", new { answer = "left" })).GetProperty("repeated").GetBoolean(), Is.False);
        Assert.That((await ada.PostOkAsync($"api/queries/{query}/change", new { answer = "left" })).GetProperty("repeated").GetBoolean());
        Comparison only = host.Store.GetComparisons(run).Added.Single();
        Assert.That(only.FirstWeight, Is.EqualTo(1), "left is the query's first item here");
        Assert.That(host.Store.GetHistory(run), Has.Count.EqualTo(2), "both stay on record");
        Assert.That(await eve.RefusedAsync($"api/queries/{query}/change", new { answer = "right" }), Is.EqualTo((404, "not-found")));
        Assert.That(await ada.RefusedAsync($"api/queries/{query}/change", new { ranks = new[] { 1, 2 } }), Is.EqualTo((422, "invalid")));
    }

    [Test]
    public async Task Progress_CountsAnswers_AndAgreement()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 3; i++)
            Samples.AddPair(host.Store, run, i, wanted: 2, predicted: 0.8);
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        foreach (ApiClient client in new[] { ada, grace })
        {
            foreach (JsonElement question in await client.ClaimAsync(3))
            {
                // The first item of each query, on whichever side; Grace says tie on one.
                long query = question.GetProperty("query").GetInt64();
                bool left = question.GetProperty("clips").GetProperty("left").GetProperty("url").GetString()!.EndsWith($"/{host.Store.GetQuery(query).Items[0]}", StringComparison.Ordinal);
                string answer = client == grace && query == 1 ? "tie" : left ? "left" : "right";
                await client.PostOkAsync($"api/claims/{question.GetProperty("claim").GetInt64()}/answer", new { answer });
            }
        }

        JsonElement shown = (await ada.ReadAsync("api/progress")).GetProperty("runs")[0];
        Assert.That((shown.GetProperty("answered").GetInt32(), shown.GetProperty("mine").GetInt32(), shown.GetProperty("waiting").GetInt32()), Is.EqualTo((6, 3, 0)));
        string[] rows = [.. shown.GetProperty("agreement").EnumerateArray().Select(row =>
            $"{row.GetProperty("first").GetString()}/{row.GetProperty("second").GetString()} {row.GetProperty("pairs").GetInt32()} {row.GetProperty("share").GetDouble():F3}")];
        Assert.That(rows, Is.EquivalentTo(new[] { "You/Grace 3 0.667", "You/the reward model 3 1.000", "Grace/the reward model 2 1.000" }));
    }
}
