using Microsoft.Playwright;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>People at the page, from the link to the answer on the disk.</summary>
public sealed class LabelingFlowTests
{
    [Test]
    public async Task Link_SignsIn_AndLeavesNoSecretBehind()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        Assert.That(ada.Page.Url, Does.Not.Contain("invite"));
        Assert.That(await ada.Page.EvaluateAsync<string>("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"), Is.EqualTo("{}{}"));
        await ada.Page.ReloadAsync();
        await ada.ReadyAsync();
        Assert.That(await ada.Page.Locator("#name").TextContentAsync(), Is.EqualTo("Ada"));
    }

    [Test]
    public async Task TwoLabelers_AtOnce_GiveAllFourAnswers_EachQuestionOnce()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        // Enough that neither has to wait for what the other's page fetched ahead.
        for (int i = 0; i < 20; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada"), grace = await LabelerPage.OpenAsync(host, "Grace");
        var seen = new List<long>();
        foreach ((string key, string button) in new[] { ("ArrowLeft", "left"), ("ArrowRight", "right"), ("ArrowUp", "tie"), ("ArrowDown", "cannot_tell"), ("ArrowLeft", "right") })
        {
            // One with the keys, the other with the mouse.
            seen.Add(await ada.PressAsync(key));
            long query = await grace.ReadyAsync();
            await grace.Page.Locator($"button[data-answer={button}]").ClickAsync();
            await grace.Page.Locator($".question[data-query='{query}']").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
            seen.Add(query);
        }

        foreach (LabelerPage labeler in new[] { ada, grace })
        {
            await labeler.DeliveredAsync();
            await labeler.Page.Locator("#count", new PageLocatorOptions { HasTextString = "5 answers" }).WaitForAsync();
        }

        Assert.That(seen, Is.Unique);
        IReadOnlyList<Label> labels = host.Store.GetLabels(run);
        Assert.That(labels.Select(label => label.Query.Id), Is.EquivalentTo(seen));
        foreach (LabelerPage labeler in new[] { ada, grace })
        {
            Answer[] answers = [.. labels.Where(label => label.LabelerId == labeler.Labeler.Id).Select(label => label.Judgement.Choice!.Value)];
            Assert.That(answers, Does.Contain(Answer.Tie).And.Contain(Answer.CannotTell));
            Assert.That(answers.Count(answer => answer is Answer.Left or Answer.Right), Is.EqualTo(3));
        }
    }

    [Test]
    public async Task Undo_ShowsTheLastQuestionAgain_AndTheNewAnswerCounts()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 3; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long first = await ada.PressAsync("ArrowLeft");
        long second = await ada.ReadyAsync();
        await ada.DeliveredAsync();
        await ada.Page.Keyboard.PressAsync("z");
        await ada.Page.Locator($".question[data-query='{first}']").WaitForAsync();
        Assert.That(await ada.Page.Locator(".answer[aria-pressed=true]").CountAsync(), Is.EqualTo(1), "what it was");
        await ada.ShootAsync("undo-desktop");
        Assert.That(host.Store.GetLabels(run), Is.Empty);
        await ada.PressAsync("ArrowUp");
        Assert.That(await ada.ReadyAsync(), Is.EqualTo(second), "what was set aside comes next");
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetComparisons(run).Added.Select(label => (label.QueryId, label.FirstWeight)), Is.EqualTo(new[] { (first, 0.5f) }));
    }

    [Test]
    public async Task Undo_ReachesBackBehindAReload()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long query = await ada.PressAsync("ArrowRight");
        await ada.DeliveredAsync();
        await ada.Page.ReloadAsync();
        await ada.Page.Locator(".waiting").WaitForAsync();
        await ada.Page.Keyboard.PressAsync("Backspace");
        Assert.That(await ada.ReadyAsync(), Is.EqualTo(query));
    }

    [Test]
    public async Task Lock_RunsOut_WithAClearMessage_AndNothingCounts()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada", manualClock: true);
        long query = await ada.ReadyAsync();
        await ada.Page.Clock.FastForwardAsync(105_000);
        await ada.Page.Locator(".lock.late").WaitForAsync();
        host.Clock.Advance(130);
        await ada.Page.Clock.FastForwardAsync(25_000);
        await ada.Page.GetByRole(AriaRole.Alertdialog).WaitForAsync();
        await ada.ShootAsync("expired-desktop");
        await ada.Page.Keyboard.PressAsync("ArrowLeft");
        await ada.Page.Keyboard.PressAsync("Enter");
        await ada.Page.GetByRole(AriaRole.Alertdialog).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        Assert.That(await ada.ReadyAsync(), Is.EqualTo(query), "nobody else took it");
        Assert.That(host.Store.GetLabels(run), Is.Empty);
    }

    [Test]
    public async Task Lock_CanBeRenewed_WithAKey()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        Samples.AddPair(host.Store, Samples.AddFigures(host.Store), 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada", manualClock: true);
        await ada.ReadyAsync();
        host.Clock.Advance(110);
        await ada.Page.Clock.FastForwardAsync(110_000);
        await ada.Page.Locator(".lock.late").WaitForAsync();
        await ada.Page.Keyboard.PressAsync("k");
        await ada.Page.Locator(".lock:not(.late)").WaitForAsync();
        Assert.That(host.Store.GetProgress(1).Locked, Is.EqualTo(1));
    }

    [Test]
    public async Task Answer_AfterTheServersLock_IsRefused_AndThePageSaysSo()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        // The page's own clock does not know, as on a machine that slept.
        host.Clock.Advance(130);
        await ada.Page.Keyboard.PressAsync("ArrowLeft");
        await ada.Page.GetByText("came too late").WaitForAsync();
        Assert.That(host.Store.GetLabels(run), Is.Empty);
        Assert.That(await ada.Page.Locator("#count").TextContentAsync(), Is.EqualTo("0 answers"));
    }

    [Test]
    public async Task NoQuestions_IsSaid_AndANewOneAppearsByItself()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.Page.Locator(".waiting h1", new PageLocatorOptions { HasText = "No questions right now" }).WaitForAsync();
        await ada.ShootAsync("waiting-desktop");
        long query = Samples.AddPair(host.Store, run, 0);
        Assert.That(await ada.ReadyAsync(), Is.EqualTo(query));
    }

    [Test]
    public async Task Revoked_Labeler_IsToldSo()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        Samples.AddPair(host.Store, run, 0);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        host.Store.RevokeLabeler(ada.Labeler.Id);
        await ada.Page.Keyboard.PressAsync("ArrowLeft");
        await ada.Page.Locator("form.signin").WaitForAsync();
        await ada.ShootAsync("revoked-desktop");
        Assert.That(await ada.Page.Locator("form.signin").TextContentAsync(), Does.Contain("revoked"));
        Assert.That(host.Store.GetLabels(run), Is.Empty);
    }

    [Test]
    public async Task BrokenClip_IsNeverJudged()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        host.Store.AddQuery(new Query { RunId = run, Items = host.Store.AddSegments([Samples.Hop(run, 0, 1), Samples.Hop(run, 1, 1) with { Poses = [] }]) });
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.Page.GetByText("These clips cannot be shown").WaitForAsync();
        await ada.ReadyAsync();
        Assert.That(await ada.Page.Locator(".answer:enabled").EvaluateAllAsync<string[]>("all => all.map(each => each.dataset.answer)"), Is.EqualTo(new[] { "cannot_tell" }));
        await ada.Page.Keyboard.PressAsync("ArrowLeft");
        await ada.PressAsync("ArrowDown");
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetLabels(run).Single().Judgement.Choice, Is.EqualTo(Answer.CannotTell));
    }

    [Test]
    public async Task Text_OfAModel_IsNeverMarkup()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        const string Attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
        Samples.AddTextQuery(host.Store, Samples.AddTexts(host.Store), QueryKind.TextPair, Attack, Attack + " one", Attack + " two");
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.ReadyAsync();
        Assert.That(await ada.Page.Locator(".prompt .text").TextContentAsync(), Is.EqualTo(Attack));
        Assert.That(await ada.Page.Locator("main img, main script").CountAsync(), Is.Zero);
        Assert.That(await ada.Page.TitleAsync(), Does.Not.Contain("owned"));
    }
}
