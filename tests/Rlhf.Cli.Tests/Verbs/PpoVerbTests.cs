using System.Text.Json.Nodes;
using Rlhf.Cli.Options;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Policy;
using Rlhf.Models;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class PpoVerbTests
{
    private const string Line = "ppo --model {base} --reward_model {rm} --dataset {prompts.jsonl} --output_dir {run} "
        + "--per_device_train_batch_size 4 --response_length 6 --total_episodes 12 --learning_rate 0.001";

    private Workshop _workshop = null!;

    [SetUp]
    public void SetUp()
    {
        _workshop = new Workshop();
        using LanguageModel layers = LanguageModel.Load(_workshop.Model);
        using ScalarModel reward = ScalarModel.FromLayers(layers.Transformer, seed: 2);
        reward.Save(_workshop.Combine("rm"));
    }

    [TearDown]
    public void TearDown() => _workshop.Dispose();

    [Test]
    public async Task Ppo_SavesPolicyCriticTokenizerMetricsAndCompletions()
    {
        (int code, string output, string error) = await _workshop.InvokeAsync(Line + " --ptx_coef 0.5 --ptx_dataset {text.jsonl} --ptx_length 8 --ptx_batch_size 2 --stop_token eos");

        Assert.That((code, error), Is.EqualTo((0, "")));
        JsonNode[] metrics = [.. File.ReadLines(Path.Combine(_workshop.Run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];
        JsonNode completion = JsonNode.Parse(File.ReadLines(Path.Combine(_workshop.Run, "completions.jsonl")).First())!;
        using LanguageModel start = LanguageModel.Load(_workshop.Model), policy = LanguageModel.Load(_workshop.RunModel);
        using ScalarModel critic = ScalarModel.Load(Path.Combine(_workshop.Run, "value"));
        Assert.Multiple(() =>
        {
            Assert.That(metrics.Select(line => (int)line["step"]!), Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That((double)metrics[0]["objective/kl"]!, Is.Zero.Within(1e-4));
            Assert.That((double)metrics[0]["loss/ptx_avg"]!, Is.Positive);
            Assert.That((string)completion["query"]!, Does.StartWith("the"));
            Assert.That(completion["response_tokens"]!.AsArray(), Is.Not.Empty);
            Assert.That(policy.Transformer.Weights[0], Is.Not.EqualTo(start.Transformer.Weights[0]));
            Assert.That(File.Exists(Path.Combine(_workshop.RunModel, "tokenizer.json")), Is.True);
            Assert.That(output, Does.Contain("3/3").And.Contain("→"));
        });
    }

    [Test]
    public async Task Ppo_OnTheEmulatedDevice_ReplaysARunOfTheProcessor()
    {
        SkipWithoutEmulator();
        const string Options = Line + " --stop_token eos --num_mini_batches 2 --save_rollouts true";
        Assert.That((await _workshop.InvokeAsync(Options)).Code, Is.Zero);
        string replay = _workshop.Combine("replay");
        (int code, _, string error) = await _workshop.InvokeAsync(
            $"{Options.Replace("{run}", "{replay}", StringComparison.Ordinal)} --backend simt --replay_rollouts {Path.Combine(_workshop.Run, RolloutRecord.FileName)}");

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(
            File.ReadAllText(Path.Combine(replay, RolloutRecord.FileName)), Is.EqualTo(File.ReadAllText(Path.Combine(_workshop.Run, RolloutRecord.FileName))));
        JsonNode[] expected = Metrics(_workshop.Run), actual = Metrics(replay);
        Assert.Multiple(() =>
        {
            Assert.That(actual, Has.Length.EqualTo(3));
            foreach (string metric in new[] { MetricNames.PolicyLoss, MetricNames.ValueLoss, MetricNames.PolicyGradNorm, MetricNames.ValueGradNorm })
            {
                for (int i = 0; i < actual.Length; i++)
                {
                    double value = (double)expected[i][metric]!;
                    Assert.That((double)actual[i][metric]!, Is.EqualTo(value).Within((1e-4 * Math.Abs(value)) + 1e-6), $"{metric} of update {i + 1}");
                }
            }
        });
    }

    [Test]
    public async Task Ppo_RefusesTwoStopTokens_AndARewardModelWithoutAHead()
    {
        (int twice, _, string twiceError) = await _workshop.InvokeAsync(Line + " --stop_token eos --stop_token_id 3");
        (int headless, _, string headlessError) = await _workshop.InvokeAsync(Line.Replace("{rm}", "{base}", StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That((twice, twiceError), Is.EqualTo((2, "rlhf: --stop_token and --stop_token_id exclude each other (see `rlhf ppo --help`)\n")));
            Assert.That(headless, Is.EqualTo(1));
            Assert.That(headlessError, Does.Contain("score.weight"));
            Assert.That(Directory.Exists(_workshop.Run), Is.False, "nothing is written");
        });
    }

    [Test]
    public async Task Ppo_NamesTheLongestPrompt_WhenPositionsDoNotSuffice()
    {
        (int code, _, string error) = await _workshop.InvokeAsync(Line.Replace("--response_length 6", "--response_length 60", StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(error, Does.Contain("ResponseLength is 60").And.Contain("32 positions"));
        });
    }

    [Test]
    public void Options_WithoutArguments_AreTheConfigsDefaults()
    {
        var set = new OptionSet();
        var options = new PpoOptions(set);
        PpoConfig config = options.Config(set.Command("ppo", "").Parse([]), () => 0);
        Assert.That(config, Is.EqualTo(new PpoConfig()));
    }

    [Test]
    public void Options_ReachTheConfig_UnderTrlsNames()
    {
        var set = new OptionSet();
        var options = new PpoOptions(set);
        PpoConfig config = options.Config(
            set.Command("ppo", "").Parse(
                "--stop_token eos --kl_estimator k3 --kl_coef 0.1 --conventions trl --adam_epsilon 1e-6 --old_logprobs recompute --whiten_rewards --missing_eos_penalty 1 --gamma 0.9 --lam 0.8 --vf_coef 0.3 --cliprange 0.3 --cliprange_value 0.4"),
            () => 7);
        Assert.That(config, Is.EqualTo(new PpoConfig
        {
            StopTokenId = 7,
            KlEstimator = KlEstimator.K3,
            KlCoef = 0.1f,
            Conventions = PpoConventions.Trl with { AdamEpsilon = 1e-6f },
            OldLogprobs = OldLogprobs.Recompute,
            WhitenRewards = true,
            MissingEosPenalty = 1,
            Gamma = 0.9f,
            Lam = 0.8f,
            VfCoef = 0.3f,
            Cliprange = 0.3f,
            CliprangeValue = 0.4f,
        }));
    }

    [Test]
    public void Curve_RisesFromTheSmallestValueToTheLargest() =>
        Assert.That(TrainingView.Curve([0, 1, 0.5]), Is.EqualTo("▁█▅"));

    private static JsonNode[] Metrics(string run) =>
        [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];

    private static void SkipWithoutEmulator()
    {
        try
        {
            CudaDriver.LoadEmulator();
        }
        catch (CudaException missing)
        {
            Assert.Ignore(missing.Message);
        }
    }
}
