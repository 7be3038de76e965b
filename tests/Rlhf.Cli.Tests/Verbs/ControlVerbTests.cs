using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Checking;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class ControlVerbTests
{
    private TemporaryFolder _folder = null!;

    private string Run => Path.Combine(_folder.Path, "run");

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase("trpo", 256)]
    [TestCase("a2c", 32)]
    [TestCase("ppo", 256)]
    public async Task Train_WritesPolicyMetricsAndArguments_AndEvalAgreesWithIt(string algorithm, int batch)
    {
        (int code, string output, string error) = await Checking.Cli.RunAsync(
            "control", "train", "--env", "cartpole", "--form", "standard", "--algorithm", algorithm, "--steps", $"{3 * batch}",
            "--batch_size", $"{batch}", "--eval_episodes", "4", "--logging_steps", "1", "--output_dir", Run);

        Assert.That((code, error), Is.EqualTo((0, "")));
        JsonNode[] metrics = [.. File.ReadLines(Path.Combine(Run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];
        (code, string evaluation, error) = await Checking.Cli.RunAsync(
            "control", "eval", "--model", Run, "--env", "cartpole", "--form", "standard", "--episodes", "4");
        Assert.Multiple(() =>
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(metrics.Select(line => (int)line["step"]!), Is.EqualTo(new[] { 1, 2, 3, 3 }));
            Assert.That((long)metrics[2]["time/total_timesteps"]!, Is.EqualTo(3 * batch));
            Assert.That(evaluation, Does.Contain($"eval/mean_reward {(double)metrics[^1]["eval/mean_reward"]!:g6}"));
            Assert.That(output, Does.Contain("3/3").And.Contain(Path.Combine(Run, "model")));
            Assert.That(Directory.GetDirectories(Run), Has.Length.EqualTo(1), "no checkpoint stays beside the model");
        });
    }

    [Test]
    public async Task Resume_OfAFinishedRun_TrainsNothing_AndWithOtherSettings_IsRefused()
    {
        string[] command = ["control", "train", "--env", "cartpole", "--steps", "512", "--batch_size", "256", "--eval_episodes", "0", "--output_dir", Run];
        await Checking.Cli.RunAsync(command);
        string metrics = await File.ReadAllTextAsync(Path.Combine(Run, "metrics.jsonl"));
        (int code, string output, string error) = await Checking.Cli.RunAsync([.. command, "--resume_from_checkpoint", "true"]);
        Assert.That((code, output, error), Is.EqualTo((0, $"finished already: {Path.Combine(Run, "model")}\n", "")));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(Run, "metrics.jsonl")), Is.EqualTo(metrics));
        (code, _, error) = await Checking.Cli.RunAsync([.. command, "--resume_from_checkpoint", "true", "--seed", "2"]);
        Assert.That((code, error), Is.EqualTo((1, $"rlhf: --seed: 2, but the run in {Run} has 1 and is finished; expected the same to go on with it\n")));
    }

    [Test]
    public async Task Train_NamesTheEnvironments_WhereOneIsUnknown()
    {
        (int code, _, string error) = await Checking.Cli.RunAsync("control", "train", "--env", "hoper", "--output_dir", Run);

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(error, Does.StartWith("rlhf: no environment is called 'hoper', expected one of ").And.Contain("hopper"));
            Assert.That(Directory.Exists(Run), Is.False, "nothing is written before everything was read");
        });
    }

    [Test]
    public async Task Train_NamesTheAlgorithm_ForFrames()
    {
        (int code, _, string error) = await Checking.Cli.RunAsync("control", "train", "--env", "pong", "--algorithm", "trpo", "--output_dir", Run);

        Assert.That((code, error), Is.EqualTo((1, "rlhf: pong gives frames and trpo takes vectors, expected a2c\n")));
    }

    [Test]
    public async Task Train_TakesAGamesWrapping()
    {
        string[] small = ["--algorithm", "a2c", "--horizon", "50", "--steps", "80", "--batch_size", "80", "--eval_episodes", "1", "--save_steps", "0", "--output_dir", Run];
        (int code, _, string error) = await Checking.Cli.RunAsync(
            ["control", "train", "--env", "pong", "--frame_skip", "1", "--noop_max", "0", "--repeat_action_probability", "0.25", "--clip_rewards", "true", "--blank_top", "3", .. small]);
        Assert.That((code, error), Is.EqualTo((0, "")));
        JsonNode arguments = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Run, "training_args.json")))!;
        Assert.That(((int)arguments["frame_skip"]!, (double)arguments["repeat_action_probability"]!, (int)arguments["blank_top"]!), Is.EqualTo((1, 0.25, 3)));
    }

    [TestCase("cartpole", "--frame_skip 2", "--frame_skip: the environment is 'cartpole', expected a game in frames (pong, breakout, enduro, gym:ALE/…, or --gym_atari)")]
    [TestCase("pendulum", "--blank_bottom 2", "--blank_bottom: the environment is 'pendulum', expected a game in frames (pong, breakout, enduro, gym:ALE/…, or --gym_atari)")]
    [TestCase("pong", "--blank_top 50 --blank_bottom 40", "pixel option BlankTop + BlankBottom is 90, expected 0 to 83")]
    [TestCase("breakout", "--terminal_on_life_loss true", "--terminal_on_life_loss: --form paper hides the ends of games, expected --form standard")]
    public async Task Train_RefusesAWrapping_OfWhatHasNone(string environment, string options, string expected)
    {
        (int code, _, string error) = await Checking.Cli.RunAsync(["control", "train", "--env", environment, "--algorithm", "a2c", .. options.Split(' '), "--output_dir", Run]);
        Assert.That((code, error), Is.EqualTo((1, $"rlhf: {expected}\n")));
    }

    [Test]
    public async Task Eval_SaysWhatIsMissing()
    {
        (int code, _, string error) = await Checking.Cli.RunAsync("control", "eval", "--env", "cartpole", "--model", Run);

        Assert.That((code, error), Is.EqualTo((1, $"rlhf: {Run}: missing, expected a policy's folder\n")));
    }

    [Test]
    public async Task Train_RefusesANumberOutOfItsRange()
    {
        (int code, _, string error) = await Checking.Cli.RunAsync("control", "train", "--env", "cartpole", "--gamma", "1.2", "--output_dir", Run);

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.StartWith("rlhf: --gamma: 1.2, expected 0 to 1"));
        });
    }
}
