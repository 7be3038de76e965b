using Microsoft.Playwright;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Tests.Browser;

/// <summary>The server dies between two clicks, or its words are lost on the way: no answer is, and none counts twice.</summary>
public sealed class LostConnectionTests
{
    [Test]
    public async Task Answers_GivenWhileTheServerIsDown_ArriveWhenItIsBack()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 5; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        var answered = new List<long> { await ada.PressAsync("ArrowLeft") };
        await ClipsAsync(ada, 6);
        await host.StopAsync();
        answered.Add(await ada.PressAsync("ArrowUp"));
        answered.Add(await ada.PressAsync("ArrowUp"));
        await ada.Page.GetByText("No connection to the server").WaitForAsync();
        await ada.ShootAsync("no-connection-desktop");
        await host.StartAgainAsync();
        await ada.DeliveredAsync();
        await ada.Page.GetByText("No connection to the server").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
        answered.Add(await ada.PressAsync("ArrowRight"));
        answered.Add(await ada.PressAsync("ArrowRight"));
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetLabels(run).Select(label => label.Query.Id), Is.EqualTo(answered), "each once, in the order given");
    }

    [Test]
    public async Task Answer_WhoseAcknowledgementWasLost_IsSentAgain_AndCountsOnce()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 2; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        int deliveries = 0;
        await ada.Page.RouteAsync("**/answer", async route =>
        {
            deliveries++;
            await route.FetchAsync();
            if (deliveries == 1)
                await route.AbortAsync("connectionreset");
            else
                await route.ContinueAsync();
        });
        await ada.PressAsync("ArrowLeft");
        await ada.DeliveredAsync();
        Assert.That(deliveries, Is.EqualTo(2));
        Assert.That(host.Store.GetLabels(run), Has.Count.EqualTo(1));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Undo_WhoseReplyWasLost_IsAskedForAgain_AndTakesBackNoOther(bool afterReload)
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 4; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        long first = await ada.PressAsync("ArrowLeft"), second = await ada.PressAsync("ArrowUp");
        await ada.DeliveredAsync();
        if (afterReload)
            await ada.Page.ReloadAsync();
        int undone = 0;
        await ada.Page.RouteAsync("**/api/undo", async route =>
        {
            IAPIResponse response = await route.FetchAsync();
            if (++undone == 1)
                await route.AbortAsync("connectionreset");
            else
                await route.FulfillAsync(new RouteFulfillOptions { Response = response });
        });
        long other = await ada.ReadyAsync();
        await ada.Page.Keyboard.PressAsync("z");
        await ada.Page.GetByText("Undo again to see").WaitForAsync();
        await ada.Page.Keyboard.PressAsync("z");
        await ada.Page.Locator($".question[data-query='{second}']").WaitForAsync();
        Assert.That(await ada.Page.Locator(".answer[aria-pressed=true]").GetAttributeAsync("data-answer"), Is.EqualTo("tie"), "what it was");
        Assert.That(host.Store.GetLabels(run).Select(label => label.Query.Id), Is.EqualTo(new[] { first }));
        await ada.PressAsync("ArrowDown");
        Assert.That(await ada.PressAsync("ArrowDown"), Is.EqualTo(other), "what was on the page comes next, and the one taken back not twice");
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetLabels(run).Select(label => label.Query.Id), Is.EqualTo(new[] { first, second, other }));
        Assert.That(await ada.Page.Locator("#count").TextContentAsync(), Is.EqualTo("3 answers"));
    }

    [Test]
    public async Task Answer_SurvivesThePageItself()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 2; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ClipsAsync(ada, 4);
        await host.StopAsync();
        long query = await ada.PressAsync("ArrowUp");
        await host.StartAgainAsync();
        await ada.Page.ReloadAsync();
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetLabels(run).Select(label => label.Query.Id), Is.EqualTo(new[] { query }));
    }

    [Test]
    public async Task Clips_LostOnTheWay_AreAskedForAgain_AndTheQuestionTakesAnyAnswer()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 4; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        var lost = new HashSet<string>();
        await ada.Page.RouteAsync("**/segments/*", async route =>
        {
            if (lost.Add(route.Request.Url))
                await route.AbortAsync("connectionreset");
            else
                await route.ContinueAsync();
        });
        await ada.Page.ReloadAsync();
        for (int i = 0; i < 4; i++)
            await ada.PressAsync("ArrowUp");
        await ada.DeliveredAsync();
        Assert.That(lost, Is.Not.Empty);
        Assert.That(host.Store.GetLabels(run).Select(label => label.Judgement.Choice), Is.EqualTo(Enumerable.Repeat(Answer.Tie, 4)));
    }

    [Test]
    public async Task Page_OpenedWhileTheServerIsAway_GoesOnWhenItIsBack()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await ada.Page.Locator(".waiting h1", new PageLocatorOptions { HasText = "No questions right now" }).WaitForAsync();
        await host.StopAsync();
        await ada.Page.Locator(".waiting h1", new PageLocatorOptions { HasText = "cannot be reached" }).WaitForAsync();
        await host.StartAgainAsync();
        Samples.AddPair(host.Store, run, 0);
        await ada.ReadyAsync();
    }

    // Waits for so many clips to have arrived, those of questions not yet asked among them.
    private static async Task ClipsAsync(LabelerPage labeler, int count) => await labeler.Page.WaitForFunctionAsync(
        "count => performance.getEntriesByType('resource').filter(entry => entry.name.includes('/segments/') && entry.responseStatus === 200 && entry.responseEnd > 0).length >= count", count);
}
