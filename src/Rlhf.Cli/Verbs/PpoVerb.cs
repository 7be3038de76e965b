using System.CommandLine;
using Rlhf.Cli.Options;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf ppo</c>: improves a language model against a reward model, held close to where it started.</summary>
internal sealed class PpoVerb
{
    private readonly OptionSet _set = new();
    private readonly Option<string?> _model, _rewardModel, _tokenizer, _outputDir;
    private readonly Option<string[]> _dataset, _evalDataset, _pretraining;
    private readonly Option<string> _valueInit, _backend;
    private readonly PpoOptions _options;
    private readonly Option<bool> _resume, _saveRollouts;
    private readonly Option<string?> _replayRollouts;
    private readonly ReportToOption _reportTo;
    private readonly Option<int> _threads, _ptxLength;

    private PpoVerb()
    {
        _model = _set.AddOptional("sft_model_path", "Model to start from; a copy of it is the reference", "DIR", required: true);
        _model.Aliases.Add("--model");
        _rewardModel = _set.AddOptional("reward_model_path", "Reward model with the same tokenizer", "DIR", required: true);
        _rewardModel.Aliases.Add("--reward_model");
        _dataset = _set.AddFiles("dataset", "Prompts: JSON Lines with prompt", required: true);
        _evalDataset = _set.AddFiles("eval_dataset", "Prompts for the table of samples", required: false);
        _pretraining = _set.AddFiles("ptx_dataset", "Pretraining text for --ptx_coef: JSON Lines with text, or .txt files", required: false);
        _ptxLength = _set.AddNumber("ptx_length", "Tokens of a pretraining sequence", 128, 2);
        _outputDir = _set.AddOptional("output_dir", "Where the run goes: model/, value/, metrics.jsonl, completions.jsonl", "DIR", required: true);
        _tokenizer = _set.AddOptional("tokenizer", "Folder or tokenizer.json [default: the model's]", "PATH");
        _valueInit = _set.AddChoice("value_init", "Value model: the reward model, or the policy's layers under a zero or a random head", "reward", "zero", "random");
        _options = new PpoOptions(_set);
        _resume = _set.Add("resume_from_checkpoint", "Go on from the newest checkpoint in output_dir", false);
        _saveRollouts = _set.Add("save_rollouts", "Write every response that is drawn to rollouts.jsonl", false);
        _replayRollouts = _set.AddOptional("replay_rollouts", "Take the responses of another run's rollouts.jsonl instead of drawing: same tokens, other kernels", "FILE");
        _reportTo = new ReportToOption(_set);
        _backend = _set.AddChoice("backend", "Kernels; cuda: on the first GPU, simt: on its emulator", Backends.Names);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new PpoVerb();
        Command command = verb._set.Command("ppo", "Improve a language model against a reward model by PPO");
        command.Validators.Add(result =>
        {
            if (verb._options.NamesStopTokenTwice(result))
                result.AddError("--stop_token and --stop_token_id exclude each other");
        });
        command.SetAction((result, cancellation) => Task.Run(() => verb.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string start = ModelInputs.Directory(result.GetRequiredValue(_model)!);
        string rewardStart = ModelInputs.Directory(result.GetRequiredValue(_rewardModel)!);
        string directory = result.GetRequiredValue(_outputDir)!;
        bool resume = result.GetValue(_resume);
        string? checkpoint = resume ? TrainingRun.LatestCheckpoint(directory) : null;

        // Everything is read and checked before anything is written.
        ModelConfig model = ModelConfigReader.Read(start);
        TextEncoder encoder = ModelInputs.Encoder(result.GetValue(_tokenizer), start, model);
        PpoConfig config = _options.Config(result, () => encoder.EosId);
        PpoData data = Read(result, encoder, model, config);
        IKernels kernels = Machine.Kernels(result.GetRequiredValue(_backend), result.GetValue(_threads));
        using var lifetime = kernels as IDisposable;
        using LanguageModel reference = ModelInputs.LoadLanguage(start);
        using LanguageModel policy = checkpoint is null ? reference.Clone() : ModelInputs.LoadLanguage(TrainingRun.ModelDirectory(checkpoint));
        using ScalarModel rewardModel = ModelInputs.LoadReward(rewardStart);
        if (rewardModel.Config.VocabSize != model.VocabSize)
            throw new DataFormatException($"{rewardStart}: a vocabulary of {rewardModel.Config.VocabSize} tokens, expected the policy's {model.VocabSize}");
        using ScalarModel value = checkpoint is null
            ? StartValue(result, rewardModel, reference, config)
            : ModelInputs.LoadReward(PpoTrainer.ValueDirectory(checkpoint));
        using var reward = new RewardModelReward(rewardModel, config.LocalRolloutForwardBatchSize);
        var observers = new ObserverSlot();
        using var trainer = new PpoTrainer(kernels, new PpoModels(policy, reference, value), reward, data, config, observers);
        if (checkpoint is not null)
            trainer.Resume(checkpoint);

        TrainingRun run = TrainingRun.Open(directory, _set.Arguments(result), resume);
        using (var log = new RunLog(directory, append: resume, rollouts: result.GetValue(_saveRollouts), tensorBoard: _reportTo.TensorBoard(result)))
        {
            TrainingView.Show(output, view =>
            {
                observers.Target = new ObserverGroup(log, view);
                trainer.Train(run, cancellation);
                observers.Target.Sampled(trainer.Update, trainer.SampleCompletions());
            });
        }

        trainer.Finish(run, encoder.Tokenizer.Save);
        output.WriteLine($"saved {TrainingRun.ModelDirectory(directory)}");
        return CommandLine.Success;
    }

    private PpoData Read(ParseResult result, TextEncoder encoder, ModelConfig model, PpoConfig config)
    {
        var reader = new DatasetReader(encoder, new ResponseFormat());
        string[] pretraining = result.GetValue(_pretraining) ?? [];
        int length = Math.Min(result.GetValue(_ptxLength), ModelInputs.PositionLimit(model));
        return new PpoData
        {
            Prompts = reader.Prompts(result.GetRequiredValue(_dataset)),
            EvalPrompts = result.GetValue(_evalDataset) is { Length: > 0 } files ? reader.Prompts(files) : [],
            Pretraining = config.PtxCoef > 0 && pretraining.Length > 0
                ? LanguageExamples.Pack(reader.Texts(pretraining), length, encoder.EosId)
                : [],
            Replay = result.GetValue(_replayRollouts) is { } record ? RolloutRecord.Load(record, model.VocabSize) : null,
            Decode = tokens => encoder.Decode(tokens),
            EosTokenId = model.EosTokenIds.Count > 0 ? model.EosTokenIds[0] : config.StopTokenId,
        };
    }

    private ScalarModel StartValue(ParseResult result, ScalarModel rewardModel, LanguageModel policy, PpoConfig config) =>
        result.GetValue(_valueInit) switch
        {
            "zero" => ScalarModel.FromLayers(policy.Transformer, config.Seed, zeroHead: true),
            "random" => ScalarModel.FromLayers(policy.Transformer, config.Seed),
            _ => rewardModel.Clone(),
        };

    /// <summary>A trainer takes its observer when it is made; the view exists only while it is on the screen.</summary>
    private sealed class ObserverSlot : ITrainingObserver
    {
        public ITrainingObserver Target { get; set; } = new ObserverGroup();

        public void Started(string algorithm, int totalSteps, int firstStep) => Target.Started(algorithm, totalSteps, firstStep);

        public void Progressed(string phase, int done, int parts) => Target.Progressed(phase, done, parts);

        public void Stepped(int step, IReadOnlyDictionary<string, double> metrics) => Target.Stepped(step, metrics);

        public void Drew(int step, long firstEpisode, IReadOnlyList<int[]> responses) => Target.Drew(step, firstEpisode, responses);

        public void Collected(int step, IReadOnlyList<CompletionSample> samples) => Target.Collected(step, samples);

        public void Sampled(int step, IReadOnlyList<CompletionSample> samples) => Target.Sampled(step, samples);
    }
}
