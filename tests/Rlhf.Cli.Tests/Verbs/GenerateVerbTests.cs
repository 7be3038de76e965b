using System.Text.Json.Nodes;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class GenerateVerbTests
{
    private Workshop _workshop = null!;

    [OneTimeSetUp]
    public void SetUp() => _workshop = new Workshop();

    [OneTimeTearDown]
    public void TearDown() => _workshop.Dispose();

    [Test]
    public async Task Generate_ContinuesThePrompt()
    {
        (int code, string output, _) = await _workshop.InvokeAsync("generate --model {base} --prompt the --max_new_tokens 5 --seed 3");

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.StartWith("the"));
            Assert.That(output.TrimEnd('\n'), Has.Length.GreaterThan(3));
        });
    }

    [Test]
    public async Task Generate_WritesTextAndTokensOfEveryPrompt_AsJsonLines()
    {
        (int code, string output, _) = await _workshop.InvokeAsync(
            "generate --model {base} --prompts {prompts.jsonl} --max_new_tokens 5 --num_return_sequences 3 --format jsonl --output {out.jsonl}");

        JsonNode[] lines = [.. File.ReadLines(_workshop.Combine("out.jsonl")).Select(line => JsonNode.Parse(line)!)];
        Assert.Multiple(() =>
        {
            Assert.That((code, output), Is.EqualTo((0, "")));
            Assert.That(lines.Select(line => (string)line["prompt"]!), Is.EqualTo(new[] { "the cat", "the cat", "the cat", "the dog sat", "the dog sat", "the dog sat" }));
            Assert.That(lines.Select(line => line["completion_ids"]!.AsArray().Count), Is.All.InRange(1, 5));
            Assert.That(lines.Select(line => line["completion_ids"]!.ToJsonString()).Distinct().Count(), Is.GreaterThan(4));
            Assert.That(lines.Select(line => (double)line["logprob"]!), Is.All.LessThan(0));
        });
    }

    [TestCase("--temperature 0", "--temperature 0 --seed 9", true)]
    [TestCase("--top_k 1", "--temperature 0", true)]
    [TestCase("--top_p 0.00001", "--temperature 0", true)]
    [TestCase("--seed 1", "--seed 1", true)]
    [TestCase("--seed 1", "--seed 2", false)]
    public async Task Generate_ObeysItsSamplingOptions(string left, string right, bool equal)
    {
        const string Line = "generate --model {base} --prompts {prompts.jsonl} --max_new_tokens 12 ";

        (_, string first, _) = await _workshop.InvokeAsync(Line + left);
        (_, string second, _) = await _workshop.InvokeAsync(Line + right);

        Assert.That(second, equal ? Is.EqualTo(first) : Is.Not.EqualTo(first));
    }
}
