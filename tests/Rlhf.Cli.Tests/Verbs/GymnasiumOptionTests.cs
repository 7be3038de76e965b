using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Checking;

namespace Rlhf.Cli.Tests.Verbs;

/// <summary><c>--env gym:ID</c> and its options, by the module that stands in for gymnasium.</summary>
public sealed class GymnasiumOptionTests
{
    private TemporaryFolder _folder = null!;
    private string _python = null!;

    private string Run => Path.Combine(_folder.Path, "run");

    // An interpreter that alone knows the stand-in: what reaches it has come through --gym_python.
    private static string[] Small(int steps = 32) => ["--batch_size", "32", "--steps", $"{steps}", "--num_envs", "2", "--eval_episodes", "2", "--save_steps", "0"];

    [SetUp]
    public void SetUp()
    {
        _folder = new TemporaryFolder();
        _python = Path.Combine(_folder.Path, "python");
        File.WriteAllText(_python, $"#!/bin/sh\nPYTHONPATH='{Path.Combine(TestContext.CurrentContext.TestDirectory, "Gymnasium", "standin")}' exec python3 \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_python, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public async Task Arguments_ReachTheEnvironment_InTrainingAndEvaluation()
    {
        // One step right ends an episode with 5, and one to the left or more costs 1/4 each; without the argument the way is three steps.
        string[] environment = ["--env", "gym:Walk-v0", "--gym_python", _python, "--gym_args", """{"goal": 1}""", "--horizon", "40"];
        (int code, _, string error) = await Checking.Cli.RunAsync(["control", "train", .. environment, .. Small(), "--output_dir", Run]);
        Assert.That((code, error), Is.EqualTo((0, "")));
        JsonNode arguments = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Run, "training_args.json")))!;
        Assert.That((string?)arguments["gym_args"], Is.EqualTo("""{"goal": 1}"""));
        (code, string output, error) = await Checking.Cli.RunAsync(["control", "eval", "--model", Run, .. environment, "--episodes", "6"]);
        Assert.That((code, error), Is.EqualTo((0, "")));
        double[] returns = [.. output.Split('\n').Single(line => line.StartsWith("returns ", StringComparison.Ordinal)).Split(' ').Skip(1)
            .Select(value => double.Parse(value, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.That(returns, Has.All.Matches<double>(value => value is 5 or -10), "the goal at once, or never within the horizon");
    }

    [Test]
    public async Task Atari_PutsItsInterfaceAroundAGame()
    {
        // Frames are what TRPO does not take: told only where the interface is there.
        (_, _, string error) = await Checking.Cli.RunAsync(
            ["control", "train", "--env", "gym:Arcade-v0", "--gym_python", _python, "--gym_atari", "--algorithm", "trpo", .. Small(), "--output_dir", Run]);
        Assert.That(error, Is.EqualTo("rlhf: gym:Arcade-v0 gives frames and trpo takes vectors, expected a2c\n"));
    }

    [TestCase("gym:ALE/Arcade-v0", "", true)]
    [TestCase("gym:ALE/Arcade-v0", "--blank_top 12", false)]
    [TestCase("gym:ALE/Arcade-v0", "--blank_bottom 12", false)]
    [TestCase("gym:Walk-v0", "", false)]
    public async Task Preferences_SayThatAnAtariGameShowsItsScore(string environment, string options, bool warns)
    {
        // Too few steps for an update: the verb ends before it plays.
        (_, string output, string error) = await Checking.Cli.RunAsync(
            ["prefs", "train", "--env", environment, "--gym_python", _python, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--steps", "100", "--output_dir", Run]);
        Assert.That(error, Does.StartWith("rlhf: --steps: 100"));
        Assert.That(output.Split('\n').Count(line => line.StartsWith($"warning: {environment} shows its score", StringComparison.Ordinal)), Is.EqualTo(warns ? 1 : 0));
    }

    [TestCase("gym:Hang-v0", "--gym_step_timeout 0.3", "environment 'gym:Hang-v0' gave no answer to a step: its process did not answer in time and was killed; its last words: waiting for a display")]
    [TestCase("gym:SlowStart-v0", "--gym_start_timeout 0.5", "environment 'gym:SlowStart-v0' could not be made: its process did not answer in time and was killed")]
    [TestCase("gym:Walk-v0", "--gym_modules json no_such_module", "environment 'gym:Walk-v0' cannot be made: module 'no_such_module' cannot be imported by")]
    [TestCase("gym:Walk-v0", "--gym_args {\"colour\":1}", "environment 'gym:Walk-v0' cannot be made: TypeError: ")]
    [TestCase("pendulum", "--gym_step_timeout 3", "--gym_python: the environment is 'pendulum', expected one of Gymnasium (gym:ID)")]
    public async Task WhatGoesWrong_IsOneLine(string environment, string options, string expected)
    {
        (int code, _, string error) = await Checking.Cli.RunAsync(
            ["control", "train", "--env", environment, "--gym_python", _python, .. options.Split(' '), .. Small(), "--output_dir", Run]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith($"rlhf: {expected}"));
        Assert.That(error.TrimEnd(), Does.Not.Contain('\n'));
    }

    [TestCase("--gym_args [1]", "--gym_args: [1], expected a JSON object")]
    [TestCase("--gym_args {goal:1}", "--gym_args: {goal:1}, expected a JSON object")]
    [TestCase("--gym_args {\"goal\":1,\"goal\":2}", "--gym_args: {\"goal\":1,\"goal\":2}, expected a JSON object")]
    [TestCase("--gym_step_timeout 0", "--gym_step_timeout: 0, expected 0.001 to 86400")]
    public async Task WrongValue_IsTheCommandLinesFault(string options, string expected)
    {
        (int code, _, string error) = await Checking.Cli.RunAsync(["control", "train", "--env", "gym:Walk-v0", .. options.Split(' '), "--output_dir", Run]);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.StartWith($"rlhf: {expected}"));
        Assert.That(error.TrimEnd(), Does.Not.Contain('\n'));
    }

    [TestCase("gym:Walk-v0")]
    [TestCase("gym:Picture-v0")]
    public async Task People_AreNotAsked_AboutWhatNothingCanDraw(string environment)
    {
        string[] command = ["prefs", "train", "--env", environment, "--gym_python", _python, "--oracle", "none", "--output_dir", Run];
        (int code, _, string error) = await Checking.Cli.RunAsync(command);
        Assert.That((code, error), Is.EqualTo((1,
            $"rlhf: --oracle none: of {environment} there is nothing that people could be shown, expected robots, classic control, or games in frames of 84 x 84 (--gym_atari)\n")));
        Assert.That(Directory.Exists(Run), Is.False, "no store whose clips nobody could judge");
    }

    [Test]
    public async Task Preferences_AreLearnedAndFitted_BehindTheBridge()
    {
        (int code, _, string error) = await Checking.Cli.RunAsync(
            ["prefs", "train", "--env", "gym:Walk-v0", "--gym_python", _python, "--labels", "8", "--initial_epochs", "1", "--clip_length", "5", "--synchronous", .. Small(steps: 5032), "--output_dir", Run]);
        Assert.That((code, error), Is.EqualTo((0, "")));
        string[] fit = ["prefs", "fit", "--db", Path.Combine(Run, "preferences.db"), "--max_steps", "2"];
        (code, _, error) = await Checking.Cli.RunAsync([.. fit, "--gym_python", "/nowhere/python3"]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain("'/nowhere/python3' cannot be started"));
        (code, string output, error) = await Checking.Cli.RunAsync([.. fit, "--gym_python", _python]);
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("step 2  loss"));
    }
}
