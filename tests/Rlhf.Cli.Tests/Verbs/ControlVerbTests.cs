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
