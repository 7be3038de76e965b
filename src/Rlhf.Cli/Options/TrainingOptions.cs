using System.CommandLine;
using Rlhf.Models;
using Rlhf.Training.Optimization;

namespace Rlhf.Cli.Options;

/// <summary>The options that <c>sft</c> and <c>reward</c> share: data, output, optimizer, schedule, logging.</summary>
internal sealed class TrainingOptions
{
    private readonly Option<double> _scheduleFloor;
    private readonly Option<string> _schedule;
    private readonly Option<float> _weightDecay, _beta1, _beta2, _epsilon, _maxGradNorm;

    public TrainingOptions(OptionSet set, string datasets, double learningRate, double epochs)
    {
        Dataset = set.AddFiles("dataset", $"Training data: {datasets}", required: true);
        EvalDataset = set.AddFiles("eval_dataset", "Held-out data of the same form", required: false);
        OutputDir = set.AddOptional("output_dir", "Where the run goes; the model will be in its model/", "DIR", required: true);
        Tokenizer = set.AddOptional("tokenizer", "Folder or tokenizer.json [default: the model's]", "PATH");
        LearningRate = set.AddNumber("learning_rate", "Highest learning rate", learningRate, 0.0, exclusive: true);
        BatchSize = set.AddNumber("per_device_train_batch_size", "Examples a forward and backward", 8, 1);
        Accumulation = set.AddNumber("gradient_accumulation_steps", "Forwards and backwards an optimizer step", 1, 1);
        Epochs = set.AddNumber("num_train_epochs", "Passes over the data", epochs, 0.0, exclusive: true);
        MaxSteps = set.AddNumber("max_steps", "Optimizer steps instead of epochs; 0: by epochs", 0, 0);
        MaxLength = set.AddNumber("max_length", "Most tokens of an example; 0: 1024 or what the model has", 0, 0);
        WarmupSteps = set.AddNumber("warmup_steps", "Steps of linear warm-up", 0, 0);
        _schedule = set.AddChoice("lr_scheduler_type", "Fall of the learning rate", "linear", "constant", "cosine");
        _scheduleFloor = set.AddNumber("lr_scheduler_floor", "Where the cosine ends, as a share of the learning rate", 0.0, 0.0, most: 1);
        _weightDecay = set.AddNumber("weight_decay", "Decoupled weight decay of matrices", 0f, 0f);
        _beta1 = set.AddNumber("adam_beta1", "Decay of Adam's first moment", 0.9f, 0f, most: 0.9999f);
        _beta2 = set.AddNumber("adam_beta2", "Decay of Adam's second moment", 0.999f, 0f, most: 0.99999f);
        _epsilon = set.AddNumber("adam_epsilon", "Adam's epsilon", 1e-8f, 0f, exclusive: true);
        _maxGradNorm = set.AddNumber("max_grad_norm", "Global gradient norm to clip at; 0: no clipping", 1f, 0f);
        LoggingSteps = set.AddNumber("logging_steps", "Steps between log lines", 10, 1);
        EvalSteps = set.AddNumber("eval_steps", "Steps between evaluations; 0: at the end only", 0, 0);
        ReportTo = new ReportToOption(set);
        SaveSteps = set.AddNumber("save_steps", "Steps between checkpoints; 0: none", 500, 0);
        Seed = set.AddNumber("seed", "Seed of weights, data order and sampling", 42L, 0L);
        Resume = set.Add("resume_from_checkpoint", "Go on from the newest checkpoint in output_dir", false);
        Threads = set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public Option<string[]> Dataset { get; }

    public Option<string[]> EvalDataset { get; }

    public Option<string?> OutputDir { get; }

    public Option<string?> Tokenizer { get; }

    public Option<double> LearningRate { get; }

    public Option<int> BatchSize { get; }

    public Option<int> Accumulation { get; }

    public Option<double> Epochs { get; }

    public Option<int> MaxSteps { get; }

    public Option<int> MaxLength { get; }

    public Option<int> WarmupSteps { get; }

    public Option<int> LoggingSteps { get; }

    public Option<int> EvalSteps { get; }

    public Option<int> SaveSteps { get; }

    public ReportToOption ReportTo { get; }

    public Option<long> Seed { get; }

    public Option<bool> Resume { get; }

    public Option<int> Threads { get; }

    public ScheduleKind Schedule(ParseResult result) => result.GetValue(_schedule) switch
    {
        "constant" => ScheduleKind.Constant,
        "cosine" => ScheduleKind.Cosine,
        _ => ScheduleKind.Linear,
    };

    public double ScheduleFloor(ParseResult result) => result.GetValue(_scheduleFloor);

    public AdamWOptions Optimizer(ParseResult result) => new()
    {
        Beta1 = result.GetValue(_beta1),
        Beta2 = result.GetValue(_beta2),
        Epsilon = result.GetValue(_epsilon),
        WeightDecay = result.GetValue(_weightDecay),
        MaxGradNorm = result.GetValue(_maxGradNorm) is var norm and > 0 ? norm : null,
    };

    /// <summary>Most tokens of an example, within the positions that the model has.</summary>
    public int Length(ParseResult result, ModelConfig config)
    {
        int length = result.GetValue(MaxLength), limit = ModelInputs.PositionLimit(config);
        if (length > limit)
            throw new DataFormatException($"--max_length: {length}, the model has {limit} positions");
        return length > 0 ? length : Math.Min(1024, limit);
    }
}
