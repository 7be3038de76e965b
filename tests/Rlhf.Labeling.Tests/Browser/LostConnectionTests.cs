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
        await PrefetchedAsync(ada);
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

    [Test]
    public async Task Answer_SurvivesThePageItself()
    {
        await using LabelingHost host = await LabelingHost.StartAsync();
        long run = Samples.AddFigures(host.Store);
        for (int i = 0; i < 2; i++)
            Samples.AddPair(host.Store, run, i);
        await using LabelerPage ada = await LabelerPage.OpenAsync(host, "Ada");
        await PrefetchedAsync(ada);
        await host.StopAsync();
        long query = await ada.PressAsync("ArrowUp");
        await host.StartAgainAsync();
        await ada.Page.ReloadAsync();
        await ada.DeliveredAsync();
        Assert.That(host.Store.GetLabels(run).Select(label => label.Query.Id), Is.EqualTo(new[] { query }));
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

    // Two more questions are with the page, clips included, before the server goes away.
    private static async Task PrefetchedAsync(LabelerPage labeler) => await labeler.Page.WaitForFunctionAsync(
        "() => performance.getEntriesByType('resource').filter(entry => entry.name.includes('/segments/') && entry.responseEnd > 0).length >= 4");
}
