using System.CommandLine;
using Rlhf.Cli.Options;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Reward;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf reward</c>: trains a reward model from rankings or pairs.</summary>
internal sealed class RewardVerb
{
    private readonly OptionSet _set = new();
    private readonly TrainingOptions _training;
    private readonly Option<string?> _model, _demonstrations;
    private readonly Option<float> _centering, _noise, _temperature;
    private readonly Option<bool> _appendEos;
    private readonly Option<string> _normalize, _headInit;
    private readonly Option<int> _responseLength;

    private RewardVerb()
    {
        _model = _set.AddOptional("model", "Language model to put a head on, or a reward model to train on", "DIR", required: true);
        _training = new TrainingOptions(
            _set, "JSON Lines with prompt, completions and ranks, or chosen and rejected (and prompt, margin)", learningRate: 1e-4, epochs: 1);
        _centering = _set.AddNumber("center_rewards_coefficient", "Weight of (chosen + rejected)² on pairs", 0f, 0f);
        _noise = _set.AddNumber("label_noise", "Probability of a random label in the model of the labeler", 0f, 0f, most: 0.9f);
        _appendEos = _set.Add("append_eos", "Close completions with the end token", true);
        _headInit = _set.AddChoice("head_init", "New head: normal weights of deviation 1/sqrt(H + 1), or zero", "random", "zero");
        _normalize = _set.AddChoice(
            "normalize",
            "Bring scores to mean 0 and deviation 1 on samples of --model before and after (reference), or to mean 0 on --demonstrations",
            "none",
            "reference",
            "demonstrations");
        _demonstrations = _set.AddOptional("demonstrations", "JSON Lines with prompt and completion, for --normalize demonstrations", "FILE");
        _responseLength = _set.AddNumber("response_length", "Tokens of a sample, for --normalize reference", 53, 1);
        _temperature = _set.AddNumber("temperature", "Temperature of the samples", 1f, 0f, exclusive: true);
    }

    public static Command Create()
    {
        var verb = new RewardVerb();
        Command command = verb._set.Command("reward", "Train a reward model from rankings or pairs");
        command.Validators.Add(result =>
        {
            if (result.GetValue(verb._normalize) == "demonstrations" && result.GetResult(verb._demonstrations) is null)
                result.AddError("--normalize demonstrations needs --demonstrations");
        });
        command.SetAction((result, cancellation) => Task.Run(() => verb.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string start = ModelInputs.Directory(result.GetRequiredValue(_model)!);
        string directory = result.GetRequiredValue(_training.OutputDir)!;
        bool resume = result.GetValue(_training.Resume);
        string? checkpoint = resume ? TrainingRun.LatestCheckpoint(directory) : null;

        // Everything is read and checked before anything is written.
        ModelConfig config = ModelConfigReader.Read(start);
        TextEncoder encoder = ModelInputs.Encoder(result.GetValue(_training.Tokenizer), start, config);
        int length = _training.Length(result, config);
        var reader = new DatasetReader(encoder, new ResponseFormat { AppendEos = result.GetValue(_appendEos) });
        string[] files = result.GetRequiredValue(_training.Dataset);
        IReadOnlyList<RewardExample> train = Read(reader, files, length);
        IReadOnlyList<RewardExample>? heldOut =
            result.GetValue(_training.EvalDataset) is { Length: > 0 } held ? Read(reader, held, length) : null;
        ulong seed = (ulong)result.GetValue(_training.Seed);
        using CpuKernels kernels = Machine.Kernels(result.GetValue(_training.Threads));
        using ScalarModel model = Load(checkpoint is null ? start : TrainingRun.ModelDirectory(checkpoint), seed, result.GetValue(_headInit) == "zero");
        RewardNormalizer? normalizer = result.GetValue(_normalize) switch
        {
            "reference" => Reference(result, start, kernels, reader, encoder, files, length, seed),
            "demonstrations" => new RewardNormalizer(
                [.. reader.PromptCompletions(result.GetRequiredValue(_demonstrations)!).Select(pair =>
                    (ReadOnlyMemory<int>)(int[])[.. pair.Prompt.Ids, .. pair.Completion.Ids])],
                RewardNormalization.Center),
            _ => null,
        };
        using var trainer = new RewardTrainer(model, kernels, train, Config(result, seed));
        if (checkpoint is not null)
            trainer.Resume(checkpoint);

        TrainingRun run = TrainingRun.Open(directory, _set.Arguments(result), resume);
        using (var log = new RunLog(directory, append: resume, tensorBoard: _training.ReportTo.TensorBoard(result)))
            trainer.Train(new ObserverGroup(log, new StepLines(output)), heldOut, normalizer, run, cancellation);
        run.Finish(trainer.Step, path => model.Save(path, alsoWrite: encoder.Tokenizer.Save), ParameterBuffers.Of(model.Transformer));
        output.WriteLine($"saved {TrainingRun.ModelDirectory(directory)}");
        return CommandLine.Success;
    }

    internal static IReadOnlyList<RewardExample> Read(DatasetReader reader, string[] files, int length) =>
        DatasetReader.Detect(files[0]) switch
        {
            DatasetKind.Ranking => RewardExamples.From(reader.Rankings(files), length),
            DatasetKind.Preference => RewardExamples.From(reader.Preferences(files), length),
            DatasetKind kind => throw new DataFormatException($"{files[0]}: a data set of kind {kind}, expected completions and ranks, or chosen and rejected"),
        };

    private static ScalarModel Load(string directory, ulong seed, bool zeroHead)
    {
        if (ModelInputs.IsRewardModel(directory))
            return ModelInputs.LoadReward(directory);
        using LanguageModel layers = ModelInputs.LoadLanguage(directory);
        return ScalarModel.FromLayers(layers.Transformer, seed, zeroHead);
    }

    private RewardNormalizer Reference(
        ParseResult result, string start, CpuKernels kernels, DatasetReader reader, TextEncoder encoder, string[] files, int length, ulong seed)
    {
        if (ModelInputs.IsRewardModel(start))
            throw new DataFormatException($"{start}: a reward model, --normalize reference samples from a language model");
        using LanguageModel policy = ModelInputs.LoadLanguage(start);
        int tokens = Math.Min(result.GetValue(_responseLength), length - 1);
        TokenText[] prompts = [.. Prompts(reader, files).Where(prompt => prompt.Ids.Length > 0 && prompt.Ids.Length + tokens <= length)];
        if (prompts.Length == 0)
            throw new DataFormatException($"{files[0]}: no prompt leaves room for {tokens} tokens within max_length {length}");
        var options = new GenerationOptions { MaxNewTokens = tokens, StopTokens = result.GetValue(_appendEos) ? [encoder.EosId] : [] };
        return new RewardNormalizer(
            ReferenceSamples.Draw(policy, kernels, prompts, options, seed: seed, temperature: result.GetValue(_temperature)),
            RewardNormalization.Standardize);
    }

    private static IEnumerable<TokenText> Prompts(DatasetReader reader, string[] files) =>
        DatasetReader.Detect(files[0]) == DatasetKind.Ranking
            ? reader.Rankings(files).Select(ranking => ranking.Prompt)
            : reader.Preferences(files).Select(pair => pair.Prompt);

    private RewardConfig Config(ParseResult result, ulong seed) => new()
    {
        LearningRate = result.GetValue(_training.LearningRate),
        BatchSize = result.GetValue(_training.BatchSize) * result.GetValue(_training.Accumulation),
        MicroBatchSize = result.GetValue(_training.BatchSize),
        Epochs = result.GetValue(_training.Epochs),
        MaxSteps = result.GetValue(_training.MaxSteps),
        Schedule = _training.Schedule(result),
        ScheduleFloor = _training.ScheduleFloor(result),
        WarmupSteps = result.GetValue(_training.WarmupSteps),
        CenterRewardsCoefficient = result.GetValue(_centering),
        LabelNoise = result.GetValue(_noise),
        Optimizer = _training.Optimizer(result),
        LoggingSteps = result.GetValue(_training.LoggingSteps),
        EvalSteps = result.GetValue(_training.EvalSteps),
        SaveSteps = result.GetValue(_training.SaveSteps),
        Seed = seed,
    };
}
