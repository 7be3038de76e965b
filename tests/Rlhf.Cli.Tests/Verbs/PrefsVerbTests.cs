using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Preferences;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class PrefsVerbTests
{
    private const string Brief =
        "prefs train --env pendulum --labels 16 --steps 9000 --batch_size 512 --num_envs 4 --horizon 50 --eval_episodes 3 --save_steps 512 --seed 1";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    private string Run => Path.Combine(_folder.Path, "run");

    private string Database => Path.Combine(Run, "preferences.db");

    [Test]
    public async Task Train_AsksLearnsAndReports()
    {
        (int code, string output, string error) = await InvokeAsync($"{Brief} --synchronous --overlap 0.25");

        Assert.That((code, error), Is.EqualTo((0, "")));
        using (var store = new PreferenceStore(Database))
            Assert.That(store.GetProgress(store.GetRuns()[0].Id) is { Queries: 16, Waiting: 4, Unanswered: 0 }, "second opinions, for people");
        JsonNode[] metrics = [.. File.ReadLines(Path.Combine(Run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];
        JsonNode report = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Run, "report.json")))!;
        Assert.Multiple(() =>
        {
            Assert.That((int)report["labels"]!, Is.EqualTo(16));
            Assert.That(report["eval/mean_reward"], Is.Not.Null);
            Assert.That(metrics.Select(line => (double)line["preferences/labels"]!), Is.Ordered.Ascending);
            Assert.That((double)metrics[^1]["reward_model/fit_steps"]!, Is.GreaterThan(0));
            Assert.That(output, Does.Contain("labels 16/16").And.Contain("true return without exploration"));
            Assert.That(Directory.GetFiles(Path.Combine(Run, "model")).Select(Path.GetFileName), Does.Contain("policy.json"));
            Assert.That(Directory.GetFiles(Path.Combine(Run, "reward_model")).Select(Path.GetFileName), Does.Contain("reward_model.safetensors"));
            Assert.That(Directory.GetDirectories(Run, "checkpoint-*"), Is.Empty);
        });
    }

    [Test]
    public async Task Train_KilledFiveTimes_LosesNoLabel_AndEnds()
    {
        // More updates than the kills leave, so that each finds a run at work.
        string line = Brief.Replace("--steps 9000", "--steps 25480");
        HashSet<long> seen = [];
        for (int kill = 0; kill < 5; kill++)
        {
            // Later each time, and between an update and its checkpoint or its labels, as it happens.
            Kill($"{line}{(kill > 0 ? " --resume_from_checkpoint" : string.Empty)}", afterUpdates: 1 + kill);
            long[] labels = Labels();
            Assert.That(labels, Is.SupersetOf(seen), $"after kill {kill + 1}");
            seen = [.. labels];
        }

        (int code, _, string error) = await InvokeAsync($"{line} --resume_from_checkpoint");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(Labels(), Is.SupersetOf(seen).And.Length.EqualTo(16));
        Assert.That((int?)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Run, "report.json")))!["labels"], Is.EqualTo(16));
    }

    [Test]
    public async Task Train_KilledBeforeItsFirstCheckpoint_BeginsAnew_AndLogsEachUpdateOnce()
    {
        string line = Brief.Replace("--save_steps 512", "--save_steps 0"), page = Path.Combine(Run, "report.html");
        Directory.CreateDirectory(Run);
        await File.WriteAllTextAsync(page, "of a run before");
        Kill(line, afterUpdates: 2);
        Assert.That(File.Exists(page), Is.False);
        long[] labels = Labels();
        (int code, _, string error) = await InvokeAsync($"{line} --resume_from_checkpoint true");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(Labels(), Is.SupersetOf(labels));
        int[] steps = [.. File.ReadLines(Path.Combine(Run, "metrics.jsonl")).Select(entry => (int)JsonNode.Parse(entry)!["step"]!)];
        Assert.That(steps, Is.EqualTo(Enumerable.Range(1, 8)));
    }

    [Test]
    public async Task Train_DoesNotMixRuns_Unasked()
    {
        await InvokeAsync($"{Brief} --synchronous");
        (int code, _, string error) = await InvokeAsync(Brief);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain("run 'pendulum' is there already").And.Contain("--resume_from_checkpoint"));
    }

    [Test]
    public async Task Resume_WithOtherSettings_IsRefused_AndLeavesTheOldOnes()
    {
        Kill(Brief, afterUpdates: 2);
        string arguments = await File.ReadAllTextAsync(Path.Combine(Run, "training_args.json"));
        (int code, _, string error) = await InvokeAsync($"{Brief.Replace("--seed 1", "--seed 4")} --gamma 0.9 --resume_from_checkpoint true");
        Assert.That((code, error), Is.EqualTo((1, $"rlhf: --gamma: 0.9, but the run in {Run} has the default; expected the same to go on with it\n")));
        (code, _, error) = await InvokeAsync($"{Brief} --resume_from_checkpoint true --db {Path.Combine(_folder.Path, "other.db")}");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith($"rlhf: {Path.Combine(_folder.Path, "other.db")}: no run 'pendulum', expected the store with the labels that "));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(Run, "training_args.json")), Is.EqualTo(arguments));
    }

    [Test]
    public async Task Resume_OfAFinishedRun_TrainsNothing_AndWritesTheReportThatIsMissing()
    {
        await InvokeAsync($"{Brief} --synchronous");
        string metrics = await File.ReadAllTextAsync(Path.Combine(Run, "metrics.jsonl")), report = await File.ReadAllTextAsync(Path.Combine(Run, "report.json"));
        byte[][] model = Model();

        (int code, string output, string error) = await InvokeAsync($"{Brief} --synchronous --resume_from_checkpoint true");
        Assert.That((code, output, error), Is.EqualTo((0, $"finished already: {Path.Combine(Run, "model")}\n", "")));

        // Killed between the last checkpoint's end and the report.
        File.Delete(Path.Combine(Run, "report.json"));
        File.Delete(Path.Combine(Run, "report.html"));
        (code, output, error) = await InvokeAsync($"{Brief} --synchronous --resume_from_checkpoint true");
        Assert.Multiple(() =>
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(output, Does.Contain("true return without exploration").And.Not.Contain("step "));
            Assert.That(File.ReadAllText(Path.Combine(Run, "report.json")), Is.EqualTo(report));
            Assert.That(File.Exists(Path.Combine(Run, "report.html")));
            Assert.That(File.ReadAllText(Path.Combine(Run, "metrics.jsonl")), Is.EqualTo(metrics));
            Assert.That(Model(), Is.EqualTo(model));
        });

        byte[][] Model() => [.. Directory.GetFiles(Path.Combine(Run, "model")).Order().Select(File.ReadAllBytes)];
    }

    [Test]
    public async Task Fit_MeasuresTheModelAlone()
    {
        await InvokeAsync($"{Brief} --synchronous");
        (int code, string output, string error) = await InvokeAsync($"prefs fit --db {Database} --max_steps 50 --output_dir {Path.Combine(_folder.Path, "fitted")}");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("held-out accuracy").And.Match(@"correlation -?\d\.\d+ a step, -?\d\.\d+ a clip"));
        JsonNode model = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.Path, "fitted", "reward_model.json")))!;
        Assert.That(model["Gains"]!.AsArray().Select(gain => (double)gain!), Has.All.Not.EqualTo(1), "rewards of the store's clips have mean 0 and deviation 1");
    }

    [Test]
    public async Task RewardModels_TrainAnotherPolicy_OfTheSameEnvironmentAlone()
    {
        string fitted = Path.Combine(_folder.Path, "fitted"), missing = Path.Combine(_folder.Path, "missing");
        await InvokeAsync($"{Brief} --synchronous");
        await InvokeAsync($"prefs fit --db {Database} --max_steps 50 --output_dir {fitted}");
        foreach (string model in new[] { Run, Path.Combine(Run, "reward_model"), fitted })
        {
            (int code, string output, string error) = await TrainOn(model, "pendulum");
            Assert.That((code, error), Is.EqualTo((0, "")), model);
            Assert.That(output, Does.Contain("eval/mean_reward"));
        }

        Assert.That(await TrainOn(missing, "pendulum"), Is.EqualTo((1, "", $"rlhf: {missing}: missing, expected a reward model's folder\n")));
        Assert.That(await TrainOn(fitted, "cartpole"), Is.EqualTo((1, "", $"rlhf: {Path.Combine(fitted, "reward_model.json")}: a reward model for pendulum, expected one for cartpole\n")));

        Task<(int Code, string Output, string Error)> TrainOn(string model, string environment) => Checking.Cli.RunAsync(
            "control", "train", "--env", environment, "--reward_model", model, "--steps", "512", "--batch_size", "256", "--eval_episodes", "2", "--output_dir", Path.Combine(_folder.Path, Guid.NewGuid().ToString("n")));
    }

    [TestCase("prefs train --env nowhere", "nowhere")]
    [TestCase("prefs train --env pendulum --labels 0", "--labels: 0, expected at least 1")]
    [TestCase("prefs train --env pendulum --overlap 2", "--overlap: 2, expected at most 1")]
    [TestCase("prefs train --env pendulum --oracle_error_rate 2", "--oracle_error_rate: 2, expected at most 1")]
    public async Task BadInput_IsOneLine(string line, string expected)
    {
        (int code, _, string error) = await InvokeAsync(line);
        Assert.That(code, Is.Not.Zero);
        Assert.That(error.Trim().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(error, Does.Contain(expected));
    }

    [TestCase("--env pendulum --horizon 20", "--clip_length: 25 steps, expected 1 to 20, the longest episode of pendulum (--horizon)")]
    public async Task WhatCannotBeAsked_IsRefused_BeforeAnythingIsWritten(string options, string expected)
    {
        (int code, _, string error) = await InvokeAsync($"prefs train {options}");
        Assert.That((code, error), Is.EqualTo((1, $"rlhf: {expected}\n")));
        Assert.That(Directory.Exists(Run), Is.False);
    }

    [Test]
    public async Task Train_WithoutStepsForAnUpdate_IsRefused_AndChangesNothingOfTheFolder()
    {
        Directory.CreateDirectory(Run);
        string arguments = Path.Combine(Run, "training_args.json");
        await File.WriteAllTextAsync(arguments, "{}");
        (int code, _, string error) = await InvokeAsync("prefs train --env pendulum --labels 8 --steps 6000");
        Assert.That((code, error), Is.EqualTo((1, "rlhf: --steps: 6000, of which the untrained policy makes 5000; expected at least 9096, for one update from 4096\n")));
        Assert.That(await File.ReadAllTextAsync(arguments), Is.EqualTo("{}"));
    }

    [Test]
    public async Task Train_ThatCouldAskNothing_BeginsAnew_WithShorterClips()
    {
        // A pole on a cart falls within 100 steps of chance.
        const string Falling = "prefs train --env cartpole --form standard --labels 4 --steps 5600 --batch_size 512 --num_envs 4 --eval_episodes 0 --initial_epochs 1 --synchronous";
        (int code, _, string error) = await InvokeAsync($"{Falling} --clip_length 400");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith("rlhf: --clip_length: 400 steps, and the untrained policy's longest episode of cartpole has "));
        (code, string output, error) = await InvokeAsync($"{Falling} --clip_length 5");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("warning: ").And.Contain("labels 4/4"));
    }

    [Test]
    public async Task Fit_NamesTheStoreThatIsMissing()
    {
        (int code, _, string error) = await InvokeAsync($"prefs fit --db {Database}");
        Assert.That((code, error.Trim()), Is.EqualTo((1, $"rlhf: {Database}: missing, expected a store of preferences")));
    }

    private Task<(int Code, string Output, string Error)> InvokeAsync(string line) => Checking.Cli.RunAsync(Arguments(line));

    private string[] Arguments(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Contains("train") ? [.. words, "--output_dir", Run] : words;
    }

    private long[] Labels()
    {
        using var store = new PreferenceStore(Database);
        return [.. store.GetComparisons(store.FindRun("pendulum")!.Id).Added.Select(label => label.Id)];
    }

    // SIGKILL as soon as the process has told of so many updates.
    private void Kill(string line, int afterUpdates)
    {
        using Process process = Process.Start(Checking.Cli.Process(Arguments(line)))!;
        int updates = 0;
        while (updates < afterUpdates && process.StandardOutput.ReadLine() is { } text)
            updates += text.StartsWith("step ", StringComparison.Ordinal) ? 1 : 0;
        process.Kill();
        process.WaitForExit();
    }
}
