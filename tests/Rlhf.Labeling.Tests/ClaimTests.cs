using System.Buffers.Binary;
using System.Text.Json;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests;

public sealed class ClaimTests
{
    [Test]
    public async Task Claim_TellsWhatToCompare_AndNothingThatCouldSway()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 1, predicted: 0.9);
        using ApiClient client = await host.SignInAsync("Ada");
        JsonElement question = (await client.ClaimAsync())[0];
        Assert.That(question.GetProperty("kind").GetString(), Is.EqualTo("clips"));
        Assert.That(question.GetProperty("instructions").GetString(), Does.StartWith("The centre"));
        Assert.That(question.GetProperty("secondsLeft").GetDouble(), Is.EqualTo(120).Within(0.01));
        Assert.That(question.GetProperty("clips").GetProperty("scene").GetProperty("shapes").GetArrayLength(), Is.EqualTo(4));
        Assert.That(question.GetRawText(), Does.Not.Contain("0.9").And.Not.Contain("predicted").And.Not.Contain("priority"));
    }

    [Test]
    public async Task Votes_DoNotTellTheModels()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.BlindVote, "We must", "go on", "stop here");
        using ApiClient client = await host.SignInAsync("Ada");
        JsonElement question = (await client.ClaimAsync())[0];
        Assert.That(question.GetProperty("kind").GetString(), Is.EqualTo("vote"));
        Assert.That(question.GetRawText(), Does.Not.Contain("model-"));
    }

    [Test]
    public async Task Labelers_AreNeverShownTheSameQuestion()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 6; i++)
            Samples.AddPair(host.Store, run, i);
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        JsonElement[] both = [.. await ada.ClaimAsync(3), .. await grace.ClaimAsync(4)];
        Assert.That(both.Select(question => question.GetProperty("query").GetInt64()), Is.Unique.And.Exactly(6).Items);
        Assert.That((await ada.ClaimAsync(3)).Select(Id), Is.EqualTo(both.Take(3).Select(Id)), "what is held comes again");
    }

    [TestCase("left", 0, 1f)]
    [TestCase("right", 1, 1f)]
    [TestCase("tie", 0, 0.5f)]
    public async Task Answer_IsStored_ForWhatStoodThere(string answer, int side, float weight)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 6; i++)
            Samples.AddPair(host.Store, run, i);
        using ApiClient client = await host.SignInAsync("Ada");
        var expected = new Dictionary<long, long>();
        foreach (JsonElement question in await client.ClaimAsync(6))
        {
            string url = question.GetProperty("clips").GetProperty(side == 0 ? "left" : "right").GetProperty("url").GetString()!;
            expected[question.GetProperty("query").GetInt64()] = long.Parse(url.Split('/')[^1]);
            await client.PostOkAsync($"api/claims/{Id(question)}/answer", new { answer, seconds = 3.5 });
        }

        IReadOnlyList<Comparison> stored = host.Store.GetComparisons(run).Added;
        Assert.That(stored, Has.Count.EqualTo(6));
        foreach (Comparison comparison in stored)
            Assert.That(expected[comparison.QueryId] == comparison.First ? comparison.FirstWeight : 1 - comparison.FirstWeight, Is.EqualTo(weight));
        Assert.That(stored.Select(comparison => expected[comparison.QueryId] == comparison.First).Distinct().Count(), Is.EqualTo(2), "both sides occur");
    }

    [Test]
    public async Task CannotTell_IsKept_AndNotForTraining()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        using ApiClient client = await host.SignInAsync("Ada");
        await client.PostOkAsync($"api/claims/{Id((await client.ClaimAsync())[0])}/answer", new { answer = "cannot_tell" });
        Assert.That(host.Store.GetComparisons(run).Added, Is.Empty);
        Assert.That(host.Store.GetLabels(run).Single().Judgement.Choice, Is.EqualTo(Answer.CannotTell));
        Assert.That(await client.ClaimAsync(), Is.Empty);
    }

    [Test]
    public async Task Answer_SentAgain_IsTheSameAnswer_AndAnotherIsRefused()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 4; i++)
            Samples.AddPair(host.Store, run, i);
        using ApiClient client = await host.SignInAsync("Ada");
        foreach (JsonElement question in await client.ClaimAsync(4))
        {
            string path = $"api/claims/{Id(question)}/answer";
            JsonElement first = await client.PostOkAsync(path, new { answer = "left" });
            await host.StopAsync();
            await host.StartAgainAsync();
            JsonElement second = await client.PostOkAsync(path, new { answer = "left" });
            Assert.That(second.GetProperty("label").GetInt64(), Is.EqualTo(first.GetProperty("label").GetInt64()));
            Assert.That(second.GetProperty("repeated").GetBoolean());
            Assert.That(await client.RefusedAsync(path, new { answer = "right" }), Is.EqualTo((409, "already-answered")));
        }

        Assert.That(host.Store.GetLabels(run), Has.Count.EqualTo(4));
    }

    [Test]
    public async Task Answer_IsRefused_WhenTheLockRanOut_AndTheQuestionIsFreeAgain()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        long claim = Id((await ada.ClaimAsync())[0]);
        Assert.That(await grace.ClaimAsync(), Is.Empty);
        host.Clock.Advance(130);
        Assert.That(await ada.RefusedAsync($"api/claims/{claim}/answer", new { answer = "left" }), Is.EqualTo((410, "lock-expired")));
        Assert.That(await ada.RefusedAsync($"api/claims/{claim}/renew", new { }), Is.EqualTo((410, "lock-expired")));
        JsonElement[] again = await grace.ClaimAsync();
        Assert.That(again, Has.Length.EqualTo(1));
        await grace.PostOkAsync($"api/claims/{Id(again[0])}/answer", new { answer = "tie" });
        Assert.That(await ada.RefusedAsync($"api/claims/{claim}/answer", new { answer = "left" }), Is.EqualTo((409, "already-answered")));
    }

    [Test]
    public async Task Renew_StartsTheLockAnew()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        using ApiClient client = await host.SignInAsync("Ada");
        long claim = Id((await client.ClaimAsync())[0]);
        host.Clock.Advance(100);
        Assert.That((await client.PostOkAsync($"api/claims/{claim}/renew", new { })).GetProperty("secondsLeft").GetDouble(), Is.EqualTo(120).Within(0.01));
        host.Clock.Advance(100);
        await client.PostOkAsync($"api/claims/{claim}/answer", new { answer = "left" });
    }

    [Test]
    public async Task AnothersClaim_CannotBeAnswered_Renewed_OrReleased()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        using ApiClient ada = await host.SignInAsync("Ada"), eve = await host.SignInAsync("Eve");
        long claim = Id((await ada.ClaimAsync())[0]);
        Assert.That(await eve.RefusedAsync($"api/claims/{claim}/answer", new { answer = "left" }), Is.EqualTo((404, "not-found")));
        Assert.That(await eve.RefusedAsync($"api/claims/{claim}/renew", new { }), Is.EqualTo((404, "not-found")));
        (await eve.SendAsync(HttpMethod.Delete, $"api/claims/{claim}", null, ("X-Rlhf-Labeling", "1"))).Dispose();
        Assert.That(await eve.ClaimAsync(), Is.Empty, "still Ada's");
    }

    [Test]
    public async Task Release_GivesTheQuestionToTheNext()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        long claim = Id((await ada.ClaimAsync())[0]);
        (await ada.SendAsync(HttpMethod.Delete, $"api/claims/{claim}", null, ("X-Rlhf-Labeling", "1"))).Dispose();
        Assert.That(await grace.ClaimAsync(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Ranking_IsStored_InTheOrderOfTheTexts_WithTiesAndQuality()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.Ranking, "We must", "a", "b", "c", "d", "e");
        using ApiClient client = await host.SignInAsync("Ada");
        JsonElement question = (await client.ClaimAsync())[0];
        string[] shown = [.. question.GetProperty("responses").EnumerateArray().Select(response => response.GetProperty("text").GetString()!)];
        int[] Places(params int[] byText) => [.. shown.Select(text => byText["abcde".IndexOf(text, StringComparison.Ordinal)])];
        await client.PostOkAsync($"api/claims/{Id(question)}/answer", new { ranks = Places(3, 1, 4, 1, 5), quality = Places(4, 7, 3, 6, 1) });
        Judgement stored = host.Store.GetLabels(run).Single().Judgement;
        Assert.That(stored.Ranks, Is.EqualTo(new[] { 3, 1, 4, 1, 5 }));
        Assert.That(stored.Quality, Is.EqualTo(new[] { 4, 7, 3, 6, 1 }));
    }

    [Test]
    public async Task Demonstration_IsStored_AndCanBeDeclined()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.Demonstration, "Explain rain.", "");
        Samples.AddTextQuery(host.Store, run, QueryKind.Demonstration, "Explain snow.", "");
        using ApiClient client = await host.SignInAsync("Ada");
        JsonElement[] questions = await client.ClaimAsync(2);
        await client.PostOkAsync($"api/claims/{Id(questions[0])}/answer", new { text = "Water falls.\n<b>Wet</b> – it’s so." });
        await client.PostOkAsync($"api/claims/{Id(questions[1])}/answer", new { answer = "cannot_tell" });
        Assert.That(host.Store.GetLabels(run)[0].Judgement.Text, Is.EqualTo("Water falls.\n<b>Wet</b> – it’s so."));
        Assert.That(host.Store.GetLabels(run)[1].Judgement.Choice, Is.EqualTo(Answer.CannotTell));
    }

    [TestCase("{\"ranks\":[1,2]}")]
    [TestCase("{\"text\":\"hello\"}")]
    [TestCase("{\"answer\":\"best\"}")]
    [TestCase("{\"answer\":\"left\",\"quality\":[0,9]}")]
    [TestCase("{}")]
    public async Task Answer_ThatDoesNotFit_IsRefused_AndTheQuestionStaysHeld(string body)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        using ApiClient client = await host.SignInAsync("Ada");
        long claim = Id((await client.ClaimAsync())[0]);
        Assert.That(await client.RefusedAsync($"api/claims/{claim}/answer", JsonSerializer.Deserialize<JsonElement>(body)), Is.EqualTo((422, "invalid")));
        await client.PostOkAsync($"api/claims/{claim}/answer", new { answer = "left" });
    }

    [Test]
    public async Task Undo_AsksAgain_WithTheAnswerAsItNowStands()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 5; i++)
            Samples.AddPair(host.Store, run, i);
        using ApiClient client = await host.SignInAsync("Ada");
        JsonElement question = (await client.ClaimAsync())[0];
        string preferred = question.GetProperty("clips").GetProperty("left").GetProperty("url").GetString()!;
        await client.PostOkAsync($"api/claims/{Id(question)}/answer", new { answer = "left" });
        for (int round = 0; round < 4; round++)
        {
            long query = question.GetProperty("query").GetInt64();
            JsonElement again = (await client.PostOkAsync("api/undo", new { query })).GetProperty("question");
            Assert.That(host.Store.GetComparisons(run).Added, Is.Empty);
            Assert.That(again.GetProperty("query").GetInt64(), Is.EqualTo(query));
            string side = again.GetProperty("previous").GetProperty("answer").GetString()!;
            Assert.That(again.GetProperty("clips").GetProperty(side).GetProperty("url").GetString(), Is.EqualTo(preferred), "wherever it stands this time");
            await client.PostOkAsync($"api/claims/{Id(again)}/answer", new { answer = side });
        }

        Assert.That(await client.RefusedAsync("api/undo", new { query = 999 }), Is.EqualTo((404, "not-found")));
        Assert.That(host.Store.GetComparisons(run).Added, Has.Count.EqualTo(1), "a stale undo takes nothing back");
    }

    [Test]
    public async Task Undo_Repeated_GivesTheSameQuestion_AndTakesNothingMoreBack()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store), newer = Samples.AddFigures(host.Store, "hopper-2");
        Samples.AddPair(host.Store, newer, 0);
        Samples.AddPair(host.Store, run, 1);
        using ApiClient ada = await host.SignInAsync("Ada"), grace = await host.SignInAsync("Grace");
        JsonElement[] questions = [.. await ada.ClaimAsync(2)];
        foreach (JsonElement question in questions)
            await ada.PostOkAsync($"api/claims/{Id(question)}/answer", new { answer = "tie" });
        long last = questions[1].GetProperty("query").GetInt64(), before = questions[0].GetProperty("query").GetInt64();
        JsonElement once = (await ada.PostOkAsync("api/undo", new { query = last })).GetProperty("question");
        JsonElement again = (await ada.PostOkAsync("api/undo", new { query = last })).GetProperty("question");
        Assert.That(Id(again), Is.EqualTo(Id(once)));
        Assert.That(again.GetProperty("previous").GetProperty("answer").GetString(), Is.EqualTo("tie"));
        Assert.That(host.Store.GetHistory(newer).Concat(host.Store.GetHistory(run)).Where(label => !label.Retracted).Select(label => label.Query.Id), Is.EqualTo(new[] { before }));

        // The lock ran out meanwhile: the question is still free, until somebody else has it.
        host.Clock.Advance(130);
        Assert.That((await ada.PostOkAsync("api/undo", new { query = last })).GetProperty("question").GetProperty("query").GetInt64(), Is.EqualTo(last));
        host.Clock.Advance(130);
        await grace.ClaimAsync();
        Assert.That(await ada.RefusedAsync("api/undo", new { query = last }), Is.EqualTo((404, "not-found")));
        await ada.PostOkAsync("api/undo", new { query = before });
        Assert.That(await grace.RefusedAsync("api/undo", new { query = before }), Is.EqualTo((404, "not-found")), "hers it never was");
    }

    [Test]
    public async Task Clip_IsPoses_AsTheyWereStored()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Segment hop = Samples.Hop(Samples.AddFigures(host.Store), 3, 1);
        long id = host.Store.AddSegment(hop);
        using ApiClient client = await host.SignInAsync("Ada");
        byte[] clip = await (await client.GetAsync($"api/segments/{id}")).Content.ReadAsByteArrayAsync();
        Assert.That((BinaryPrimitives.ReadInt32LittleEndian(clip), BinaryPrimitives.ReadInt32LittleEndian(clip.AsSpan(4))), Is.EqualTo((40, 24)));
        Assert.That(Enumerable.Range(0, 40 * 24).Select(i => BitConverter.ToSingle(clip, 8 + (4 * i))), Is.EqualTo(hop.Poses));
    }

    [Test]
    public async Task Clip_IsTheNewestFrame_OfEachStep()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Segment game = Samples.Game(Samples.AddFigures(host.Store), 2);
        long id = host.Store.AddSegment(game);
        using ApiClient client = await host.SignInAsync("Ada");
        byte[] clip = await (await client.GetAsync($"api/segments/{id}")).Content.ReadAsByteArrayAsync();
        Assert.That(clip, Has.Length.EqualTo(8 + (25 * 84 * 84)));
        Assert.That(clip.Skip(8).Take(84 * 84).Select(b => b / 255f), Is.EqualTo(game.Observations.Skip(3 * 84 * 84).Take(84 * 84)).Within(1e-6));
        Assert.That(await ApiClient.RefusedAsync(await client.GetAsync("api/segments/999")), Is.EqualTo((404, "not-found")));
    }

    [Test]
    public async Task Run_Chosen_IsTheOnlyOneThatAsks()
    {
        await using LabelingHost host = await LabelingHost.StartAsync(options => options with { Run = "second" });
        long first = Samples.AddFigures(host.Store, "first"), second = Samples.AddFigures(host.Store, "second");
        Samples.AddPair(host.Store, first, 0);
        long wanted = Samples.AddPair(host.Store, second, 1);
        using ApiClient client = await host.SignInAsync("Ada");
        Assert.That((await client.ClaimAsync(5)).Select(question => question.GetProperty("query").GetInt64()), Is.EqualTo(new[] { wanted }));
        long foreign = host.Store.AddSegment(Samples.Hop(first, 77, 1));
        Assert.That((int)(await client.GetAsync($"api/segments/{foreign}")).StatusCode, Is.EqualTo(404));
    }

    private static long Id(JsonElement question) => question.GetProperty("claim").GetInt64();
}
