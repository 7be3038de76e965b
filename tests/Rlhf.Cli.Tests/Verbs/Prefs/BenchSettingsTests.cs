using System.CommandLine;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Cli.Verbs.Prefs;

namespace Rlhf.Cli.Tests.Verbs.Prefs;

public sealed class BenchSettingsTests
{
    private static readonly BenchOptions None = BenchOptions.Parse(string.Empty);

    private static IEnumerable<BenchCell> Cells => BenchSuite.All.SelectMany(suite => suite.Cells(suite.Tasks, suite.Labels, 1));

    [Test]
    public void EveryCommand_IsOneThatTheProgramTakes()
    {
        RootCommand root = CommandLine.CreateRoot();
        foreach (BenchCell cell in Cells)
            Assert.That(root.Parse(cell.Command("out", 1, None)).Errors, Is.Empty, cell.Folder);
    }

    // What perf/results/README.md records as learning.
    [TestCase("reacher", "--gamma 0.95", "--steps 500000")]
    [TestCase("half-cheetah", "--steps 400000")]
    [TestCase("inverted-pendulum", "--steps 100000", "--batch_size 2000")]
    [TestCase("pong", "--steps 300000", "--trunk mnih2013", "--learning_rate 0.002", "--entropy_coef 0.02", "--rmsprop_start 0")]
    public void Settings_AreThoseOfRecordedRuns_AlikeForTrueRewardAndLabels(string task, params string[] expected)
    {
        BenchCell[] cells = [.. Cells.Where(cell => cell.Task.Id == task)];
        Assert.That(cells.Select(cell => cell.Labels == 0).Distinct(), Is.EquivalentTo(new[] { true, false }));
        foreach (BenchCell cell in cells)
        {
            string command = BenchOptions.Text(cell.Command("out", 1, None)) + " ";
            foreach (string option in expected)
                Assert.That(command, Does.Contain($" {option} "), cell.Folder);
        }
    }

    [Test]
    public void SettingsOfTheRewardModel_GoToRunsFromLabelsAlone()
    {
        foreach (BenchCell cell in Cells.Where(cell => cell.Task.Id == "pong"))
        {
            string command = BenchOptions.Text(cell.Command("out", 1, None));
            Assert.That(command, cell.Labels > 0 ? Does.Contain("--reward_std 0.25 --initial_epochs 8 --labels_per_step 0.04") : Does.Not.Contain("--reward_std"));
        }
    }

    [Test]
    public void With_TakesThePlaceOfTheTasksOwn_AndReachesEveryRun()
    {
        var extra = BenchOptions.Parse("--gamma 0.5 --lam 0.9");
        foreach (BenchCell cell in Cells.Where(cell => cell.Task.Id == "reacher"))
        {
            string[] command = cell.Command("out", 1, extra);
            Assert.That(BenchOptions.Text(command), Does.Contain("--gamma 0.5").And.Contain("--lam 0.9"), cell.Folder);
            Assert.That(command.Count(word => word == "--gamma"), Is.EqualTo(1), cell.Folder);
        }
    }

    [TestCase("--gamma 0.5", "--lam 0.9")]
    [TestCase("--gamma 0.5 --lam 0.9")]
    public async Task With_IsPartOfWhatARunWasBegunWith(params string[] with)
    {
        using var folder = new TemporaryFolder();
        string cell = Path.Combine("reacher", "true-reward", "seed-1"), directory = Path.Combine(folder.Path, cell);
        new BenchRecord($"control train --algorithm trpo --env reacher --steps 800 --seed 1 --threads 1 --gamma 0.95 --output_dir {directory}", 1, false).Write(directory);
        (int code, string output, string error) = await RunAsync(folder, [.. with.SelectMany(one => new[] { "--with", one })]);
        Assert.That(
            (code, output, error),
            Is.EqualTo((1, string.Empty, $"rlhf: {cell}: run with --gamma 0.95, this grid has --gamma 0.5; give another --output_dir")));
    }

    [TestCase("--gama 0.9", "--with: Unrecognized command or argument '--gama' (in control train, as every run takes it)")]
    [TestCase("--reward_std 0.25", "--with: Unrecognized command or argument '--reward_std' (in control train, as every run takes it)")]
    [TestCase("--algorithm ppo", "--with: --algorithm is the grid's own, expected other options of control train and prefs train")]
    [TestCase("--gamma 2", "--with: --gamma: 2, expected 0 to 1 (in control train, as every run takes it)")]
    [TestCase("--seed 3", "--with: --seed is the grid's own, expected other options of control train and prefs train")]
    [TestCase("0.95", "--with: '0.95', expected --NAME VALUE")]
    public async Task With_ThatNoRunCouldTake_IsRefusedBeforeAnyRuns(string with, string expected)
    {
        using var folder = new TemporaryFolder();
        (int code, string output, string error) = await RunAsync(folder, "--with", with);
        Assert.That((code, output, error), Is.EqualTo((1, string.Empty, $"rlhf: {expected}")));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(TemporaryFolder folder, params string[] options)
    {
        (int code, string output, string error) = await Checking.Cli.RunAsync(
            ["prefs", "bench", "--tasks", "reacher", "--labels", "8", "--steps", "800", "--threads", "1", .. options, "--output_dir", folder.Path]);
        return (code, output, error.Trim());
    }
}
