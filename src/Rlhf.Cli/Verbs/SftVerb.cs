using System.CommandLine;
using Rlhf.Cli.Options;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Sft;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf sft</c>: fine-tunes a language model, or trains one from random weights.</summary>
internal sealed class SftVerb
{
    private readonly OptionSet _set = new();
    private readonly TrainingOptions _training;
    private readonly Option<string?> _model, _config;
    private readonly Option<bool> _packing, _completionOnly;

    private SftVerb()
    {
        _model = _set.AddOptional("model", "Model to start from", "DIR");
        _config = _set.AddOptional("config", "config.json of a model to start from random weights, instead of --model", "FILE");
        _training = new TrainingOptions(_set, "JSON Lines with text or prompt and completion, or .txt files", learningRate: 2e-5, epochs: 3);
        _packing = _set.Add("packing", "Texts one after the other in blocks of max_length", false);
        _completionOnly = _set.Add("completion_only_loss", "Of prompt and completion, learn the completion alone", true);
    }

    public static Command Create()
    {
        var verb = new SftVerb();
        Command command = verb._set.Command("sft", "Fine-tune a language model on text, or train one from random weights");
        command.Validators.Add(result =>
        {
            if (result.GetResult(verb._model) is null == result.GetResult(verb._config) is null)
                result.AddError("One of --model and --config is required");
        });
        command.SetAction((result, cancellation) => Task.Run(() => verb.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string? start = result.GetValue(_model) is { } named ? ModelInputs.Directory(named) : null;
        string directory = result.GetRequiredValue(_training.OutputDir)!;
        bool resume = result.GetValue(_training.Resume);
        string? checkpoint = resume ? TrainingRun.LatestCheckpoint(directory) : null;

        // Everything is read and checked before anything is written.
        ModelConfig config = ModelConfigReader.Read(start ?? result.GetRequiredValue(_config)!);
        TextEncoder encoder = ModelInputs.Encoder(result.GetValue(_training.Tokenizer), start, config);
        int length = _training.Length(result, config);
        IReadOnlyList<LanguageExample> train = Read(result, encoder, result.GetRequiredValue(_training.Dataset), length);
        IReadOnlyList<LanguageExample>? heldOut =
            result.GetValue(_training.EvalDataset) is { Length: > 0 } files ? Read(result, encoder, files, length) : null;
        ulong seed = (ulong)result.GetValue(_training.Seed);
        using CpuKernels kernels = Machine.Kernels(result.GetValue(_training.Threads));
        using LanguageModel model = checkpoint is not null ? ModelInputs.LoadLanguage(TrainingRun.ModelDirectory(checkpoint))
            : start is not null ? ModelInputs.LoadLanguage(start)
            : LanguageModel.Initialize(config, seed);
        using var trainer = new SftTrainer(model, kernels, train, Config(result, seed));
        if (checkpoint is not null)
            trainer.Resume(checkpoint);

        TrainingRun run = TrainingRun.Open(directory, _set.Arguments(result), resume);
        using (var log = new RunLog(directory, append: resume, tensorBoard: _training.ReportTo.TensorBoard(result)))
            trainer.Train(new ObserverGroup(log, new StepLines(output)), heldOut, run, cancellation);
        run.Finish(trainer.Step, path => model.Save(path, alsoWrite: encoder.Tokenizer.Save), ParameterBuffers.Of(model.Transformer));
        output.WriteLine($"saved {TrainingRun.ModelDirectory(directory)}");
        return CommandLine.Success;
    }

    private IReadOnlyList<LanguageExample> Read(ParseResult result, TextEncoder encoder, string[] files, int length)
    {
        var reader = new DatasetReader(encoder, new ResponseFormat());
        return DatasetReader.Detect(files[0]) switch
        {
            DatasetKind.PromptCompletion => LanguageExamples.Pairs(reader.PromptCompletions(files), length, result.GetValue(_completionOnly)),
            DatasetKind.Text when result.GetValue(_packing) => LanguageExamples.Pack(reader.Texts(files), length, encoder.EosId),
            DatasetKind.Text => LanguageExamples.Separate(reader.Texts(files), length, encoder.EosId),
            DatasetKind kind => throw new DataFormatException($"{files[0]}: a data set of kind {kind}, expected text or prompt and completion"),
        };
    }

    private SftConfig Config(ParseResult result, ulong seed) => new()
    {
        LearningRate = result.GetValue(_training.LearningRate),
        BatchSize = result.GetValue(_training.BatchSize) * result.GetValue(_training.Accumulation),
        MicroBatchSize = result.GetValue(_training.BatchSize),
        Epochs = result.GetValue(_training.Epochs),
        MaxSteps = result.GetValue(_training.MaxSteps),
        Schedule = _training.Schedule(result),
        ScheduleFloor = _training.ScheduleFloor(result),
        WarmupSteps = result.GetValue(_training.WarmupSteps),
        Optimizer = _training.Optimizer(result),
        LoggingSteps = result.GetValue(_training.LoggingSteps),
        EvalSteps = result.GetValue(_training.EvalSteps),
        SaveSteps = result.GetValue(_training.SaveSteps),
        Seed = seed,
    };
}
