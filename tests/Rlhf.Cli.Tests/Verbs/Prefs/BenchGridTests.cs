using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Environments.Mujoco;
using Rlhf.Preferences;

namespace Rlhf.Cli.Tests.Verbs.Prefs;

public sealed class BenchGridTests
{
    private static readonly string[] Ways = ["true-reward", "4-labels", "8-labels"];

    [Test]
    public async Task Grid_KilledAfterItsFirstRun_KeepsIt_AndRunsTheOthers()
    {
        if (!MujocoLibrary.IsAvailable)
            Assert.Ignore(MujocoLibrary.UnavailableReason!);
        using var folder = new TemporaryFolder();
        string[] line =
        [
            "prefs", "bench", "--tasks", "inverted-pendulum,reacher", "--labels", "4,8", "--steps", "6000", "--threads", "1",
            "--with", "--batch_size 512 --horizon 50 --eval_episodes 2", "--output_dir", folder.Path,
        ];
        KillAtTheSecondRun(line);
        string first = Path.Combine(folder.Path, "inverted-pendulum", "true-reward", "seed-1");
        Dictionary<string, byte[]> before = Files(first);
        Assert.That(before.Keys, Does.Contain("cell.json").And.Contain("metrics.jsonl"));
        Assert.That(Directory.Exists(Path.Combine(folder.Path, "reacher")), Is.False, "killed before the last runs began");

        (int code, string output, string error) = await Checking.Cli.RunAsync(line);

        Assert.That((code, error), Is.EqualTo((0, string.Empty)));
        JsonNode[] runs = [.. JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Path, "report.json")))!["runs"]!.AsArray().OfType<JsonNode>()];
        Assert.Multiple(() =>
        {
            Assert.That(output, Does.StartWith($"1/6 {Path.Combine("inverted-pendulum", "true-reward", "seed-1")}: done before").And.Contain("6/6 rlhf prefs train --labels 8"));
            Assert.That(Files(first), Is.EqualTo(before), "not run again");
            Assert.That(runs.Select(run => (string)run["task"]!).Distinct(), Is.EqualTo(new[] { "inverted-pendulum", "reacher" }));
            Assert.That(runs.Select(run => (int)run["labels"]!), Is.EqualTo(new[] { 0, 4, 8, 0, 4, 8 }));
            Assert.That(runs.Select(run => (double?)run["seconds"]), Is.All.Not.Null);
            Assert.That(runs.Select(run => (double?)run["eval_return"]), Is.All.Not.Null);
            Assert.That(File.ReadAllText(Path.Combine(folder.Path, "report.html")), Does.Contain("6 of 6 runs finished").And.Contain("8 labels"));
            foreach (string task in (string[])["inverted-pendulum", "reacher"])
                Assert.That(Ways.Skip(1).Select(way => Labels(Path.Combine(folder.Path, task, way, "seed-1"), task)), Is.EqualTo(new[] { 4, 8 }), task);
        });
    }

    // SIGKILL as soon as the grid has told of its second run.
    private static void KillAtTheSecondRun(string[] line)
    {
        using Process process = Process.Start(Checking.Cli.Process(line))!;
        string? told = process.StandardOutput.ReadLine();
        while (told is not null && !told.StartsWith("2/6 ", StringComparison.Ordinal))
            told = process.StandardOutput.ReadLine();
        process.Kill();
        process.WaitForExit();
        Assert.That(told, Is.Not.Null, "the grid ended by itself");
    }

    private static Dictionary<string, byte[]> Files(string directory) => Directory
        .EnumerateFiles(directory, "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(directory, file), File.ReadAllBytes);

    private static int Labels(string directory, string run)
    {
        using var store = new PreferenceStore(Path.Combine(directory, "preferences.db"));
        return store.GetComparisons(store.FindRun(run)!.Id).Added.Count;
    }
}
