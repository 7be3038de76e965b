namespace Rlhf.Environments.Tests;

public sealed class StepTeamTests
{
    [Test]
    public void Run_DoesEachItemOnce_InEveryOfManyRuns([Values(1, 2, 4)] int threads, [Values(1, 3, 16)] int items)
    {
        using var team = new StepTeam(threads);
        int[] times = new int[items];
        for (int run = 1; run <= 2000; run++)
        {
            team.Run(items, item => times[item]++);
            Assert.That(times, Is.All.EqualTo(run));
        }
    }

    [Test]
    public void Run_DoesTheOtherItems_WhenOneThrows()
    {
        using var team = new StepTeam(3);
        int[] times = new int[8];
        Assert.That(
            () => team.Run(8, item => _ = ++times[item] > 0 && item == 3 ? throw new InvalidDataException("item 3") : 0),
            Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("item 3"));
        Assert.That(times, Is.All.EqualTo(1));
        team.Run(8, item => times[item]++);
        Assert.That(times, Is.All.EqualTo(2), "the team goes on");
    }

    [Test]
    public void Dispose_EndsThreadsThatSleep()
    {
        var team = new StepTeam(3);
        team.Run(1, _ => { });
        team.Dispose();
        Assert.That(team.Dispose, Throws.Nothing);
    }
}
