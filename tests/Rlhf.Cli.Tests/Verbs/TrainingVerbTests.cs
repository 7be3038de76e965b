using System.Text.Json.Nodes;
using Rlhf.Models;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class TrainingVerbTests
{
    private Workshop _workshop = null!;

    [SetUp]
    public void SetUp() => _workshop = new Workshop();

    [TearDown]
    public void TearDown() => _workshop.Dispose();

    [TestCase("text.jsonl", "--packing true")]
    [TestCase("text.jsonl", "")]
    [TestCase("sft.jsonl", "")]
    public async Task Sft_LowersTheLoss_AndSavesModelTokenizerMetricsAndArguments(string data, string options)
    {
        (int code, string output, string error) = await _workshop.InvokeAsync(
            $"sft --model {{base}} --dataset {{{data}}} --eval_dataset {{{data}}} --output_dir {{run}} --max_steps 12 --learning_rate 0.01 --logging_steps 1 {options}");

        Assert.That((code, error), Is.EqualTo((0, "")));
        JsonNode[] metrics = [.. File.ReadLines(Path.Combine(_workshop.Run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];
        JsonNode arguments = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_workshop.Run, "training_args.json")))!;
        Assert.Multiple(() =>
        {
            Assert.That(metrics.Select(line => (int)line["step"]!), Is.EqualTo(Enumerable.Range(1, 12)));
            Assert.That((double)metrics[^1]["loss"]!, Is.LessThan((double)metrics[0]["loss"]! - 1));
            Assert.That((double)metrics[^1]["eval_loss"]!, Is.LessThan((double)metrics[0]["loss"]! - 1));
            Assert.That((double)arguments["learning_rate"]!, Is.EqualTo(0.01));
            Assert.That(output, Does.Contain("12/12").And.Contain(_workshop.RunModel));
            Assert.That(Directory.GetFiles(_workshop.RunModel).Select(Path.GetFileName), Is.SupersetOf(new[] { "config.json", "model.safetensors", "tokenizer.json" }));
            Assert.That(Directory.GetDirectories(_workshop.Run), Has.Length.EqualTo(1), "no checkpoint stays beside the model");
        });
    }

    [Test]
    public async Task Sft_WritesTensorBoardEvents_WhenAsked()
    {
        (int code, _, string error) = await _workshop.InvokeAsync(
            "sft --model {base} --dataset {text.jsonl} --output_dir {run} --max_steps 2 --logging_steps 1 --report_to tensorboard");

        Assert.That((code, error), Is.EqualTo((0, "")));
        string file = Directory.GetFiles(Path.Combine(_workshop.Run, "tensorboard"), "events.out.tfevents.*").Single();
        Assert.That(await File.ReadAllTextAsync(file, System.Text.Encoding.Latin1), Does.Contain("loss").And.Contain("learning_rate"));
    }

    [Test]
    public async Task Sft_StartsFromRandomWeights_GivenAConfig()
    {
        (int code, _, string error) = await _workshop.InvokeAsync(
            "sft --config {base/config.json} --tokenizer {base} --dataset {text.jsonl} --output_dir {run} --max_steps 1 --seed 3");

        using LanguageModel trained = LanguageModel.Load(_workshop.RunModel);
        Assert.Multiple(() =>
        {
            Assert.That((code, error), Is.EqualTo((0, "")));
            Assert.That(trained.Config.HiddenSize, Is.EqualTo(16));
        });
    }

    [Test]
    public async Task Sft_KeepsTheLastGoodCheckpoint_WhenItDiverges_AndGoesOnFromIt()
    {
        const string Line = "sft --model {base} --dataset {text.jsonl} --output_dir {run} --save_steps 1 --max_steps 4 --warmup_steps 2";
        (int code, _, string error) = await _workshop.InvokeAsync(Line + " --learning_rate 1e38 --max_grad_norm 0");
        string[] left = [.. Directory.GetDirectories(_workshop.Run).Select(path => Path.GetFileName(path)!)];

        (int resumed, string output, string resumeError) = await _workshop.InvokeAsync(Line + " --learning_rate 1e-3 --resume_from_checkpoint");

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(error, Does.Match(@"^rlhf: training diverged at step 3: [^\n]*'transformer\.[^\n]*\n$"));
            Assert.That(left, Is.EqualTo(new[] { "checkpoint-1" }), "the first step has learning rate 0, the next ruins the weights");
            Assert.That((resumed, resumeError), Is.EqualTo((0, "")));
            Assert.That(output, Does.StartWith("sft: steps 2 to 4"));
            Assert.That(Directory.Exists(_workshop.RunModel));
        });
    }

    [TestCase("rankings.jsonl", "--normalize reference --response_length 4 --append_eos false")]
    [TestCase("pairs.jsonl", "--center_rewards_coefficient 0.01 --lr_scheduler_type cosine")]
    [TestCase("pairs.jsonl", "--normalize demonstrations --demonstrations {sft.jsonl}")]
    public async Task Reward_LearnsTheOrder_AndEvalSeesIt(string data, string options)
    {
        (int code, _, string error) = await _workshop.InvokeAsync(
            $"reward --model {{base}} --dataset {{{data}}} --output_dir {{run}} --max_steps 15 --learning_rate 0.01 {options}");
        Assert.That((code, error), Is.EqualTo((0, "")));

        (_, string output, _) = await _workshop.InvokeAsync($"eval --model {{run}} --dataset {{{data}}}");

        JsonNode report = JsonNode.Parse(output)!;
        Assert.Multiple(() =>
        {
            Assert.That((double)report["eval_accuracy"]!, Is.EqualTo(1));
            Assert.That((double)report["eval_loss"]!, Is.LessThan(0.5));
            Assert.That((int)report["pairs"]!, Is.EqualTo(data == "rankings.jsonl" ? 36 : 12));
        });
    }

    [Test]
    public async Task Reward_KeepsItsNormalisationInTheCheckpoint()
    {
        await _workshop.InvokeAsync("reward --model {base} --dataset {rankings.jsonl} --output_dir {run} --max_steps 2 --normalize reference --response_length 4");

        using ScalarModel model = ScalarModel.Load(_workshop.RunModel);
        Assert.Multiple(() =>
        {
            Assert.That(model.Gain, Is.Not.EqualTo(1f));
            Assert.That(model.Bias, Is.Not.Zero);
        });
    }

    [Test]
    public async Task Eval_OfALanguageModel_GivesLossAndPerplexity()
    {
        (int code, string output, _) = await _workshop.InvokeAsync("eval --model {base} --dataset {text.jsonl}");

        JsonNode report = JsonNode.Parse(output)!;
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That((double)report["eval_loss"]!, Is.EqualTo(Math.Log(280)).Within(0.3));
            Assert.That((double)report["eval_perplexity"]!, Is.EqualTo(Math.Exp((double)report["eval_loss"]!)).Within(1e-6).Percent);
        });
    }
}
