using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Cli.Verbs.Prefs;

namespace Rlhf.Cli.Tests.Verbs.Prefs;

public sealed class BenchReportTests
{
    private static readonly BenchSuite Robotics = BenchSuite.All[0];
    private static readonly BenchTask Hopper = new("hopper", 1000);

    [Test]
    public void Cells_AreEveryTaskInEveryWayFromEverySeed_FirstSeedsFirst()
    {
        IReadOnlyList<BenchCell> cells = Robotics.Cells([Hopper, new("reacher", 1000)], [350, 700], seeds: 2);
        Assert.Multiple(() =>
        {
            Assert.That(cells, Has.Count.EqualTo(2 * 3 * 2));
            Assert.That(cells.Select(cell => cell.Folder), Is.Unique);
            Assert.That(cells[0].Folder, Is.EqualTo(Path.Combine("hopper", "true-reward", "seed-1")));
            Assert.That(cells.Take(6).Select(cell => cell.Seed), Is.All.EqualTo(1));
        });
    }

    [Test]
    public void Cells_OfTheAblations_TakeEachPartAwayOnce()
    {
        BenchSuite suite = BenchSuite.All.Single(suite => suite.Ablations.Count > 0);
        Assert.That(
            suite.Cells([Hopper], [700], 1).Select(cell => (cell.Way, cell.Ablation)),
            Is.EqualTo(new[]
            {
                ("true reward", "none"), ("700 labels", "none"), ("random queries", "random_queries"), ("no ensemble", "no_ensemble"),
                ("no online queries", "no_online_queries"), ("no regularization", "no_regularization"), ("no segments", "no_segments"), ("target", "target"),
            }));
    }

    [Test]
    public void Folders_OfOtherLabelCounts_AreOthers()
    {
        foreach (BenchSuite suite in BenchSuite.All)
        {
            IEnumerable<BenchCell> few = suite.Cells(suite.Tasks, [8], 1), many = suite.Cells(suite.Tasks, [24], 1), both = suite.Cells(suite.Tasks, [8, 24], 1);
            Assert.That(
                few.Select(cell => cell.Folder).Intersect(many.Select(cell => cell.Folder)),
                Is.EquivalentTo(few.Where(cell => cell.Labels == 0).Select(cell => cell.Folder)),
                "the true reward alone is shared");
            Assert.That(both.Select(cell => cell.Folder), Is.EquivalentTo(few.Concat(many).Select(cell => cell.Folder).Distinct()));
        }
    }

    [Test]
    public void Recovered_IsTheShareOfTheWayFromUntrainedToTrueReward_OverSeedsThatBothHave()
    {
        BenchResult[] truth = [Result("true reward", 1, 10, 110), Result("true reward", 2, 10, 210)];
        BenchResult[] labels = [Result("700 labels", 1, 0, 60), Result("700 labels", 3, 0, 1000)];
        Assert.That(BenchReport.Recovered(labels, truth), Is.EqualTo(0.5));
        Assert.That(BenchReport.Recovered(labels[1..], truth), Is.NaN);
    }

    // Two seeds by first and final return.
    [TestCase(new[] { 10.0, 10 }, new[] { 11.0, 11.5 }, true, TestName = "Recovered_OfASmallButSureGain_IsAShare")]
    [TestCase(new[] { 10.0, 10 }, new[] { 9.0, 9 }, false, TestName = "Recovered_WhereTheTrueRewardLost_IsNoShare")]
    [TestCase(new[] { 10.0, 10 }, new[] { 10.0, 14 }, false, TestName = "Recovered_WhereSeedsScatterMoreThanTheyGain_IsNoShare")]
    [TestCase(new[] { 0.0, 20 }, new[] { 15.0, 15 }, false, TestName = "Recovered_WhereUntrainedReturnsScatterMoreThanTheGain_IsNoShare")]
    public void Recovered_NeedsAGainOfTheTrueReward(double[] starts, double[] finals, bool isShare)
    {
        BenchResult[] truth = [.. starts.Zip(finals, (start, final) => (start, final)).Select((run, i) => Result("true reward", i + 1, run.start, run.final))];
        BenchResult[] labels = [Result("700 labels", 1, 10, 12), Result("700 labels", 2, 10, 12)];
        Assert.That(BenchReport.Recovered(labels, truth), isShare ? Is.GreaterThan(0) : Is.NaN);
    }

    [Test]
    public void Recovered_OfOneSeed_NeedsAGainAboveTheScatterOfItsLastTenth()
    {
        BenchResult[] labels = [Result("700 labels", 1, 0, 10)];
        Assert.That(BenchReport.Recovered(labels, [Run(20, 24)]), Is.GreaterThan(0));
        Assert.That(BenchReport.Recovered(labels, [Run(0, 44)]), Is.NaN);

        static BenchResult Run(double before, double last) =>
            Result("true reward", 1, 0, 0) with { Curve = [new(0, 0), new(950, before), new(1000, last)] };
    }

    [Test]
    public void Write_SaysWhyThereIsNoShare()
    {
        using var folder = new TemporaryFolder();
        IReadOnlyList<BenchCell> cells = Robotics.Cells([Hopper], [700], 1);
        Run(folder.Path, cells[0], 100, 100, finished: true);
        Run(folder.Path, cells[1], 100, 200, finished: true);
        BenchReport.Write(folder.Path, Robotics, cells);
        string page = File.ReadAllText(Path.Combine(folder.Path, "report.html"));
        Assert.That(page, Does.Contain("<td class=n>–*</td>").And.Contain("* –: the true reward").And.Not.Contain(" %"));
    }

    [Test]
    public void Write_ReportsFinishedAndRunningRuns()
    {
        using var folder = new TemporaryFolder();
        IReadOnlyList<BenchCell> cells = Robotics.Cells([Hopper], [700], 1);
        Run(folder.Path, cells[0], 100, 300, finished: true);
        Run(folder.Path, cells[1], 100, 200, finished: false);
        BenchReport.Write(folder.Path, Robotics, cells);

        JsonNode report = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "report.json")))!;
        string page = File.ReadAllText(Path.Combine(folder.Path, "report.html"));
        Assert.Multiple(() =>
        {
            Assert.That(report["runs"]!.AsArray().Select(run => (double)run!["final_return"]!), Is.EqualTo(new[] { 300.0, 200.0 }));
            Assert.That(report["runs"]!.AsArray().Select(run => (long)run!["steps"]!), Is.All.EqualTo(1000));
            Assert.That(page, Does.Contain("1 of 2 runs finished").And.Contain("hopper, 1,000 steps").And.Contain("50 %").And.Not.Contain("–*").And.Contain("rlhf control train").And.Contain("<svg"));
            Assert.That(page, Does.Not.Contain("http"), "complete in itself");
        });
    }

    private static BenchResult Result(string way, int seed, double start, double final) =>
        new(new BenchCell(Hopper, way, 0, "none", seed), [new(0, start), new(100, final)], null, null, null);

    private static void Run(string root, BenchCell cell, double start, double final, bool finished)
    {
        string directory = Directory.CreateDirectory(Path.Combine(root, cell.Folder)).FullName;
        File.WriteAllText(
            Path.Combine(directory, "metrics.jsonl"),
            $"{{\"time/total_timesteps\":0,\"rollout/ep_rew_mean\":{start}}}\n{{\"time/total_timesteps\":1000,\"rollout/ep_rew_mean\":{final}}}\n");
        if (finished)
            File.WriteAllText(Path.Combine(directory, "cell.json"), "{\"command\":\"control train --env hopper\",\"seconds\":12}");
    }
}
