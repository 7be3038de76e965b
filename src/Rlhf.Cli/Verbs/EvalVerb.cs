using System.CommandLine;
using System.Text.Json.Nodes;
using Rlhf.Cli.Options;
using Rlhf.Kernels;
using Rlhf.Kernels.Preference;
using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Reward;
using Rlhf.Training.Sft;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf eval</c>: loss and perplexity of a language model, accuracy of a reward model; one JSON object.</summary>
internal sealed class EvalVerb
{
    private readonly OptionSet _set = new();
    private readonly Option<string?> _model, _tokenizer;
    private readonly Option<string[]> _dataset;
    private readonly Option<int> _maxLength, _batchSize, _threads;
    private readonly Option<bool> _completionOnly, _appendEos;

    private EvalVerb()
    {
        _model = _set.AddOptional("model", "Language or reward model", "DIR", required: true);
        _dataset = _set.AddFiles("dataset", "Texts, or prompts and completions; rankings or pairs for a reward model", required: true);
        _tokenizer = _set.AddOptional("tokenizer", "Folder or tokenizer.json [default: the model's]", "PATH");
        _maxLength = _set.AddNumber("max_length", "Most tokens of an example or block; 0: 1024 or what the model has", 0, 0);
        _batchSize = _set.AddNumber("per_device_eval_batch_size", "Examples a forward", 8, 1);
        _completionOnly = _set.Add("completion_only_loss", "Of prompt and completion, count the completion alone", true);
        _appendEos = _set.Add("append_eos", "Close completions with the end token", true);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new EvalVerb();
        Command command = verb._set.Command("eval", "Evaluate a language or reward model on held-out data");
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult result)
    {
        string directory = ModelInputs.Directory(result.GetRequiredValue(_model)!);
        ModelConfig config = ModelConfigReader.Read(directory);
        TextEncoder encoder = ModelInputs.Encoder(result.GetValue(_tokenizer), directory, config);
        int limit = ModelInputs.PositionLimit(config);
        int length = result.GetValue(_maxLength) is var given and > 0 ? given : Math.Min(1024, limit);
        if (length > limit)
            throw new DataFormatException($"--max_length: {length}, the model has {limit} positions");
        var reader = new DatasetReader(encoder, new ResponseFormat { AppendEos = result.GetValue(_appendEos) });
        string[] files = result.GetRequiredValue(_dataset);
        using CpuKernels kernels = Machine.Kernels(result.GetValue(_threads));
        JsonObject report = ModelInputs.IsRewardModel(directory)
            ? Reward(directory, kernels, RewardVerb.Read(reader, files, length), result.GetValue(_batchSize))
            : Language(directory, kernels, Read(result, reader, encoder, files, length), result.GetValue(_batchSize));
        result.InvocationConfiguration.Output.WriteLine(report.ToJsonString());
        return CommandLine.Success;
    }

    /// <summary>Texts are packed, so that all of a long text counts.</summary>
    private IReadOnlyList<LanguageExample> Read(ParseResult result, DatasetReader reader, TextEncoder encoder, string[] files, int length) =>
        DatasetReader.Detect(files[0]) switch
        {
            DatasetKind.PromptCompletion => LanguageExamples.Pairs(reader.PromptCompletions(files), length, result.GetValue(_completionOnly)),
            DatasetKind.Text => LanguageExamples.Pack(reader.Texts(files), length, encoder.EosId),
            DatasetKind kind => throw new DataFormatException($"{files[0]}: a data set of kind {kind}, expected text or prompt and completion for a language model"),
        };

    private static JsonObject Language(string directory, CpuKernels kernels, IReadOnlyList<LanguageExample> examples, int batchSize)
    {
        using LanguageModel model = ModelInputs.LoadLanguage(directory);
        using var loss = new LanguageModelLoss(model, kernels);
        LanguageModelSums sums = loss.Evaluate(examples, batchSize);
        return new JsonObject
        {
            [MetricNames.EvalLoss] = JsonLinesSink.Number(sums.MeanLoss),
            [MetricNames.EvalPerplexity] = JsonLinesSink.Number(sums.Perplexity),
            [MetricNames.TokenEntropy] = JsonLinesSink.Number(sums.MeanEntropy),
            [MetricNames.NumTokens] = sums.Targets,
        };
    }

    private static JsonObject Reward(string directory, CpuKernels kernels, IReadOnlyList<RewardExample> examples, int batchSize)
    {
        using ScalarModel model = ModelInputs.LoadReward(directory);
        using var loss = new RewardLoss(model, kernels);
        PreferenceStats stats = loss.Evaluate(examples, batchSize);
        return new JsonObject
        {
            [MetricNames.EvalLoss] = JsonLinesSink.Number(stats.Loss),
            [MetricNames.EvalAccuracy] = JsonLinesSink.Number(stats.Accuracy),
            [MetricNames.Margin] = JsonLinesSink.Number(stats.MarginMean),
            [MetricNames.MinReward] = JsonLinesSink.Number(stats.RewardMin),
            [MetricNames.MeanReward] = JsonLinesSink.Number(stats.RewardMean),
            [MetricNames.MaxReward] = JsonLinesSink.Number(stats.RewardMax),
            ["pairs"] = stats.Pairs,
        };
    }
}
