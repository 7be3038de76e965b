using Microsoft.Playwright;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>Everything without a mouse, and in words.</summary>
public sealed class KeyboardTests
{
    [Test]
    public async Task Ranking_IsPutInOrder_TiedAndRated_WithKeysAlone()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.Ranking, "We must", "a", "b", "c", "d", "e");
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        string[] shown = await TextsAsync(ada);
        IKeyboard keys = ada.Page.Keyboard;
        // The first goes down to the third place; the last becomes level with the one above it.
        await keys.PressAsync("ArrowDown");
        await keys.PressAsync("Shift+ArrowDown");
        await keys.PressAsync("Shift+ArrowDown");
        for (int i = 0; i < 2; i++)
            await keys.PressAsync("ArrowDown");
        await keys.PressAsync("=");
        Assert.That(await TextsAsync(ada), Is.EqualTo(new[] { shown[1], shown[2], shown[0], shown[3], shown[4] }));
        Assert.That(await ada.Page.Locator("#live").TextContentAsync(), Does.Contain("level with the one above, rank 4"));
        for (int i = 5; i >= 1; i--)
        {
            await keys.PressAsync(i.ToString());
            await keys.PressAsync("ArrowUp");
        }

        await ada.ShootAsync("ranking-done-desktop");
        await keys.PressAsync("Control+Enter");
        await ada.Page.Locator(".waiting").WaitForAsync();
        await ada.DeliveredAsync();
        Label label = host.Store.GetLabels(run).Single();
        var ranks = label.Query.Items.Select((item, i) => (host.Store.GetText(item).Response, label.Judgement.Ranks![i], label.Judgement.Quality![i]));
        Assert.That(ranks, Is.EquivalentTo(new[] { (shown[1], 1, 1), (shown[2], 2, 2), (shown[0], 3, 3), (shown[3], 4, 4), (shown[4], 4, 5) }));
    }

    [Test]
    public async Task Ranking_IsPutInOrder_ByDragging()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.Ranking, "We must", "a", "b", "c", "d");
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        string[] shown = await TextsAsync(ada);
        LocatorBoundingBoxResult from = (await ada.Page.Locator(".handle").Nth(3).BoundingBoxAsync())!, to = (await ada.Page.Locator(".handle").Nth(0).BoundingBoxAsync())!;
        await ada.Page.Mouse.MoveAsync(from.X + 10, from.Y + (from.Height / 2));
        await ada.Page.Mouse.DownAsync();
        await ada.Page.Mouse.MoveAsync(to.X + 10, to.Y + 5, new MouseMoveOptions { Steps = 12 });
        await ada.Page.Mouse.UpAsync();
        Assert.That(await TextsAsync(ada), Is.EqualTo(new[] { shown[3], shown[0], shown[1], shown[2] }));
    }

    [Test]
    public async Task Ranking_MarksWhatNotAllOfTheOthersShare_UntilSwitchedOff()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        string[] texts = ["We must go on and on.", "We must go on and stop.", "We must go home and stop.", "We must all go on and rest."];
        for (int i = 0; i < 2; i++)
            Samples.AddTextQuery(host.Store, run, QueryKind.Ranking, $"What now, {i}?", texts);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long first = await ada.ReadyAsync();
        Assert.That(await TextsAsync(ada), Is.EquivalentTo(texts), "the texts themselves are the same");
        foreach ((string text, string[] marks) in new[] { (texts[0], new[] { "on", "on" }), (texts[1], ["on", "stop"]), (texts[2], ["home", "stop"]), (texts[3], ["all", "on", "rest"]) })
            Assert.That(await ada.Page.Locator(".ranking .text", new PageLocatorOptions { HasText = text }).Locator("mark").AllTextContentsAsync(), Is.EqualTo(marks), text);
        string shown = await BackgroundAsync();
        await ada.ShootAsync("ranking-marks-desktop");
        await ada.Page.Keyboard.PressAsync("ArrowDown");
        await ada.Page.Keyboard.PressAsync("d");
        string hidden = await BackgroundAsync();
        Assert.That(hidden, Is.Not.EqualTo(shown));
        await ada.Page.Keyboard.PressAsync("Control+Enter");
        await ada.Page.Locator($".question[data-query='{first}']").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        await ada.ReadyAsync();
        Assert.That(await BackgroundAsync(), Is.EqualTo(hidden), "the next question keeps to it");
        await ada.Page.Keyboard.PressAsync("d");
        Assert.That(await BackgroundAsync(), Is.EqualTo(shown));

        Task<string> BackgroundAsync() => ada.Page.Locator("mark").First.EvaluateAsync<string>("mark => getComputedStyle(mark).backgroundColor");
    }

    [Test]
    public async Task Demonstration_IsWritten_Kept_AndSubmitted_WithKeysAlone()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.Demonstration, "Explain rain.", string.Empty);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.Page.Locator("textarea:focus").WaitForAsync();
        await ada.Page.Keyboard.TypeAsync("Water falls, zig zag ");
        await ada.Page.ReloadAsync();
        await ada.Page.Locator("textarea:focus").WaitForAsync();
        await ada.Page.Keyboard.PressAsync("Control+End");
        await ada.Page.Keyboard.TypeAsync("kindly.");
        await ada.Page.Keyboard.PressAsync("Control+Enter");
        await ada.Page.Locator(".waiting").WaitForAsync();
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetLabels(run).Single().Judgement.Text, Is.EqualTo("Water falls, zig zag kindly."), "letters are letters in a field, also z and k");
    }

    [Test]
    public async Task Texts_AreRated_AndComparedWithTheModelUnknown()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddTexts(host.Store);
        Samples.AddTextQuery(host.Store, run, QueryKind.TextPair, "We must", "go on and on", "go on and stop");
        Samples.AddTextQuery(host.Store, run, QueryKind.BlindVote, "We must", "act", "wait");
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long vote = await ada.ReadyAsync();
        Assert.That(await ada.Page.Locator(".quality").CountAsync(), Is.Zero, "a vote is only a vote");
        await ada.PressAsync("ArrowRight");
        await ada.ReadyAsync();
        Assert.That(await ada.Page.Locator("mark").AllTextContentsAsync(), Is.EquivalentTo(new[] { "on", "stop" }));
        await ada.Page.Keyboard.PressAsync("d");
        Assert.That(await ada.Page.Locator(".unmarked").CountAsync(), Is.EqualTo(1));
        await ada.Page.Locator("input[type=radio]").First.FocusAsync();
        await ada.Page.Keyboard.PressAsync("6");
        await ada.Page.Keyboard.PressAsync("Tab");
        await ada.Page.Keyboard.PressAsync("2");
        await ada.Page.Locator("h1").FocusAsync();
        await ada.PressAsync("ArrowLeft");
        await ada.DeliveredAsync();
        Label pair = host.Store.GetLabels(run).Single(label => label.Query.Id != vote);
        Assert.That(pair.Judgement.Quality![pair.Judgement.Choice == Answer.Left ? 0 : 1], Is.EqualTo(6), "what was left and chosen got the six");
        Assert.That(pair.Judgement.Quality, Is.EquivalentTo(new[] { 6, 2 }));
        Assert.That(BlindVotes.Count(host.Store, run).Single().Votes, Is.EqualTo(1));
    }

    [Test]
    public async Task History_IsReached_AndAnAnswerChanged_WithKeysAlone()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        Samples.AddPair(host.Store, run, 1);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long first = await ada.PressAsync("ArrowLeft");
        await ada.PressAsync("ArrowDown");
        await ada.DeliveredAsync();
        await TabToAsync(ada, "a[href='#history']");
        await ada.Page.Keyboard.PressAsync("Enter");
        await ada.Page.Locator(".history li").Nth(1).WaitForAsync();
        await ada.ShootAsync("history-desktop");
        await TabToAsync(ada, ".history li:nth-child(2) button");
        await ada.Page.Keyboard.PressAsync("Enter");
        await ada.Page.Locator($".question[data-query='{first}']").WaitForAsync();
        await ada.PressAsync("ArrowUp");
        await ada.DeliveredAsync();
        Assert.That(host.Store.FindLabel(first, ada.Labeler.Id)!.Judgement.Choice, Is.EqualTo(Answer.Tie));
    }

    [Test]
    public async Task Help_OpensAndCloses_AndKeysMeanNothingMeanwhile()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long query = await ada.ReadyAsync();
        await ada.Page.Keyboard.PressAsync("?");
        await ada.Page.GetByRole(AriaRole.Dialog).WaitForAsync();
        await ada.ShootAsync("help-desktop");
        await ada.Page.Keyboard.PressAsync("ArrowLeft");
        await ada.Page.Keyboard.PressAsync("Escape");
        await ada.Page.GetByRole(AriaRole.Dialog).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        Assert.That(await ada.ReadyAsync(), Is.EqualTo(query));
        Assert.That(host.Store.GetLabels(run), Is.Empty);
    }

    [Test]
    public async Task Playback_StopsAndSteps_WithKeys()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        await ada.Page.Keyboard.PressAsync(" ");
        Task<int[]> Frames() => ada.Page.Locator("canvas.clip").EvaluateAllAsync<int[]>("all => all.map(each => Number(each.dataset.frame))");
        int[] before = await Frames();
        await ada.Page.Keyboard.PressAsync(".");
        int[] after = await Frames();
        Assert.That(before[0], Is.EqualTo(before[1]), "one clock for both");
        Assert.That(after, Is.All.EqualTo((before[0] + 1) % 40));
    }

    [Test]
    public async Task EveryControl_HasAName_AndNewQuestionsAreAnnounced()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        string tree = await ada.Page.Locator("body").AriaSnapshotAsync();
        Assert.That(tree, Does.Contain("heading \"In which clip do better things happen?\" [level=1]"));
        foreach (string name in new[] { "Left", "Equally good", "Can’t tell", "Right", "Undo", "Pause", "Keys and help" })
            Assert.That(tree, Does.Contain($"button \"{name}\""));
        Assert.That(tree, Does.Contain("img \"The left clip\"").And.Contain("img \"The right clip\""));
        Assert.That(await ada.Page.Locator("#live").TextContentAsync(), Is.EqualTo("New question."));
        Assert.That(await ada.Page.EvaluateAsync<string>("document.activeElement.tagName"), Is.EqualTo("H1"));
    }

    [Test]
    public async Task Progress_ShowsAgreement()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 6; i++)
            Samples.AddPair(host.Store, run, i, wanted: 2, predicted: 0.8);
        long grace = host.Store.InviteLabeler("Grace").Labeler.Id;
        while (host.Store.Claim(grace, run) is Claim claim)
            host.Store.Answer(claim.Id, grace, Judgement.Of(claim.Order[0] == 0 ? Answer.Left : Answer.Right));
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        for (int i = 0; i < 4; i++)
            await ada.PressAsync(i == 3 ? "ArrowUp" : "ArrowLeft");
        await ada.DeliveredAsync();
        await ada.Page.Locator("a[href='#progress']").ClickAsync();
        await ada.Page.GetByText("You and Grace").WaitForAsync();
        await ada.ShootAsync("progress-desktop");
        Assert.That(await ada.Page.Locator(".run").TextContentAsync(), Does.Contain("10answered of 12").And.Contain("4by you"));
    }

    private static Task<string[]> TextsAsync(LabelerPage labeler) =>
        labeler.Page.Locator(".ranking .text").EvaluateAllAsync<string[]>("all => all.map(each => each.textContent)");

    private static async Task TabToAsync(LabelerPage labeler, string selector)
    {
        for (int i = 0; i < 30 && !await labeler.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector); i++)
            await labeler.Page.Keyboard.PressAsync("Shift+Tab");
        Assert.That(await labeler.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector), $"{selector} can be reached");
    }
}
