using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Cli.Options;
using Rlhf.Cli.Reports;
using Rlhf.Cli.Verbs.Control;
using Rlhf.Cli.Verbs.Prefs.Dashboard;
using Rlhf.Environments;
using Rlhf.Environments.Pixels;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Preferences;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Verbs.Prefs;

/// <summary><c>rlhf prefs train</c>: Christiano et al. 2017.</summary>
internal sealed class TrainPrefs
{
    private const string Numbers = "report.json", Page = "report.html";

    private readonly OptionSet _set = new();
    private readonly EnvironmentOption _environment;
    private readonly Option<int> _labels, _count, _batchSize, _members, _initialEpochs, _threads, _episodes;
    private readonly Option<int?> _initialLabels, _clipLength;
    private readonly Option<string> _oracle, _ablation, _queries, _trunk;
    private readonly Option<double> _overlap, _errorRate, _ties, _labelsPerStep, _maxKl, _noise;
    private readonly Option<double?> _gamma, _lambda, _entropy, _learningRate, _rmsPropStart, _rewardStd, _logStd;
    private readonly Option<long> _steps, _seed, _saving;
    private readonly Option<bool> _synchronous, _resume;
    private readonly Option<string?> _outputDir, _database, _name;
    private readonly ReportToOption _reportTo;

    private TrainPrefs()
    {
        _environment = new EnvironmentOption(_set);
        _labels = _set.AddNumber("labels", "Comparisons of the whole run", 700, 1);
        _overlap = _set.AddNumber("overlap", "Share of the comparisons asked of two labelers, to see how far they agree; the second answer trains and does not count", 0.0, 0.0, 1.0);
        _oracle = _set.AddChoice("oracle", "Who answers: a program that knows the true reward, or people (none)", "synthetic", "none");
        _steps = _set.AddNumber("steps", "Environment steps, all environments together", 1_000_000L, 1L);
        _outputDir = _set.AddOptional("output_dir", "Where the run goes; the policy will be in its model/", "DIR", required: true);
        _database = _set.AddOptional("db", "The store of segments and answers [default: preferences.db in output_dir]", "FILE");
        _name = _set.AddOptional("name", "The run's name in the store [default: the environment's]", "NAME");
        _initialLabels = _set.AddOptionalNumber("initial_labels", "Comparisons about the untrained policy [default: a quarter; pixels 500]", 1, int.MaxValue);
        _clipLength = _set.AddOptionalNumber("clip_length", "Steps of a clip [default: the environment's, 1 to 2 seconds]", 1, 10_000);
        _queries = _set.AddChoice("queries", "Which pairs are asked, of ten times as many", "variance", "random", "information");
        _ablation = _set.AddChoice(
            "ablation", "Take a part of the method away", "none", "random_queries", "no_ensemble", "no_online_queries", "no_regularization", "no_segments", "target");
        _errorRate = _set.AddNumber("oracle_error_rate", "Share of the oracle's answers that are wrong", 0.0, 0.0, 1.0);
        _ties = _set.AddNumber("oracle_ties", "Sums of true reward that differ by no more are a tie to the oracle", 0.0, 0.0);
        _noise = _set.AddNumber("label_noise", "Share of answers that the reward model takes for random", 0.1, 0.0, 0.9);
        _members = _set.AddNumber("ensemble_size", "Reward networks", 3, 1);
        _rewardStd = _set.AddOptionalNumber("reward_std", "Standard deviation of the rewards that the policy gets [default: 1, pixels 0.05]", 1e-6, 1e6);
        _labelsPerStep = _set.AddNumber("labels_per_step", "Comparisons that the reward model sees for each environment step", 0.1, 0.0);
        _initialEpochs = _set.AddNumber("initial_epochs", "Passes over the first comparisons before training", 200, 0);
        _synchronous = _set.Add("synchronous", "One activity after the other: the same bits from the same seed", false);
        _count = _set.AddNumber("num_envs", "Environments side by side; 0: 8, pixels 16", 0, 0);
        _batchSize = _set.AddNumber("batch_size", "TRPO: environment steps an update", 4096, 1);
        _gamma = _set.AddOptionalNumber("gamma", "Discount [default: TRPO 0.995, A2C 0.99]", 0.0, 1.0);
        _lambda = _set.AddOptionalNumber("lam", "Lambda of GAE [default: TRPO 0.97, A2C 1]", 0.0, 1.0);
        _maxKl = _set.AddNumber("max_kl", "TRPO: largest mean KL of an update, nats", 0.01, 1e-8, 10.0);
        _entropy = _set.AddOptionalNumber("entropy_coef", "Weight of the entropy [default: 0.01, swimmer 0.001]", 0.0, 10.0);
        _learningRate = _set.AddOptionalNumber("learning_rate", "A2C: first learning rate [default: 7e-4]", 1e-12, 10.0);
        _rmsPropStart = _set.AddOptionalNumber("rmsprop_start", "A2C: what RMSProp's mean squares start at; short runs need 0 [default: 1]", 0.0, 1e6);
        _logStd = _set.AddOptionalNumber("initial_log_std", "TRPO: first log standard deviation of each action; -1 for tasks that strong actions end [default: 0]", -10.0, 2.0);
        _trunk = _set.AddChoice("trunk", "A2C: layers that see frames", "mnih2015", "mnih2013");
        _episodes = _set.AddNumber("eval_episodes", "Episodes of the evaluation at the end, without exploration; 0: none", 20, 0);
        _saving = _set.AddNumber("save_steps", "Environment steps between checkpoints, 0: none", 20_000L, 0L);
        _seed = _set.AddNumber("seed", "Seed of everything", 1L, 0L);
        _resume = _set.Add("resume_from_checkpoint", "Go on from the newest checkpoint in output_dir, with the labels of the store", false);
        _reportTo = new ReportToOption(_set);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new TrainPrefs();
        Command command = verb._set.Command("train", "Train a policy from comparisons (Christiano et al. 2017)");
        command.SetAction((result, cancellation) => Task.Run(() => verb.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        string directory = result.GetRequiredValue(_outputDir)!;
        bool resume = result.GetValue(_resume);
        JsonObject arguments = _set.Arguments(result);
        if (resume)
            ResumedArguments.RequireSame(directory, arguments);
        string? checkpoint = resume && TrainingRun.HasCheckpoint(directory) ? TrainingRun.LatestCheckpoint(directory) : null;
        int threads = result.GetValue(_threads);
        ulong seed = (ulong)result.GetValue(_seed);
        using CpuKernels kernels = Machine.Kernels(threads);
        string database = result.GetValue(_database) ?? Path.Combine(directory, "preferences.db");
        EnvironmentSpec spec = Spec(result);
        if (resume && TrainingRun.IsFinished(directory))
            return GoOn(result, kernels, spec, directory);
        PreferenceOptions options = Options(result, spec, seed);
        options.ClipLengthFor(spec);
        if (result.GetValue(_oracle) == "none" && !spec.IsDrawable)
            throw new DataFormatException($"--oracle none: of {spec.Id} there is nothing that people could be shown, expected robots, classic control, or games in frames of {PixelEnvironment.FrameSize} x {PixelEnvironment.FrameSize} (--gym_atari)");
        if (_environment.ShowsScore(result))
            output.WriteLine($"warning: {spec.Id} shows its score to the reward model, which the paper hides; give --blank_top and --blank_bottom the rows of the 84 where it stands");
        string name = result.GetValue(_name) ?? spec.Id;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(database))!);
        using var store = new PreferenceStore(database);
        if (!resume && store.FindRun(name) is { } known && store.GetProgress(known.Id).Queries > 0)
            throw new DataFormatException($"{database}: run '{name}' is there already; go on with --resume_from_checkpoint true, or give another --name or --output_dir");
        if (checkpoint is not null && store.FindRun(name) is null)
            throw new DataFormatException($"{database}: no run '{name}', expected the store with the labels that {checkpoint} learned from");

        // What does not go together is refused before anything of the run's folder is written.
        var observers = new PreferenceObserverGroup();
        using var trainer = new PreferenceTrainer(kernels, store, Describe(result, kernels, name, threads, spec, seed), options, observers);
        TrainingRun run = TrainingRun.Open(directory, arguments, resume);
        File.Delete(Path.Combine(directory, Numbers));
        File.Delete(Path.Combine(directory, Page));
        using var log = new RunLog(directory, append: checkpoint is not null, tensorBoard: _reportTo.TensorBoard(result));
        using var view = new PrefsView(output, log, result.GetValue(_oracle) == "none" ? $"answers come through the store: rlhf label --db {database}" : null);
        observers.Add(view);
        observers.Add(new RunRecorder(directory));

        // Killed before its first checkpoint a run has its labels and nothing else: it begins anew with them.
        if (checkpoint is not null)
            trainer.Resume(checkpoint);
        trainer.Train(run, cancellation);
        trainer.Finish(run);
        return Report(result, trainer.Trainer.Policy, directory);
    }

    /// <summary>What a finished run lacks at most is its report: it was killed before that was written.</summary>
    private int GoOn(ParseResult result, IKernels kernels, EnvironmentSpec spec, string directory)
    {
        string model = TrainingRun.ModelDirectory(directory);
        if (File.Exists(Path.Combine(directory, Page)))
        {
            result.InvocationConfiguration.Output.WriteLine($"finished already: {model}");
            return CommandLine.Success;
        }

        using ControlPolicy policy = ControlPolicy.Load(kernels, spec, model);
        return Report(result, policy, directory);
    }

    private EnvironmentSpec Spec(ParseResult result)
    {
        using VectorEnvironment environments = _environment.Create(result, 1, 1, 0);
        return environments.Spec;
    }

    private PreferenceTask Describe(ParseResult result, IKernels kernels, string name, int threads, EnvironmentSpec spec, ulong seed)
    {
        int count = result.GetValue(_count) is var given and > 0 ? given : spec.IsPixels ? 16 : 8;
        return new PreferenceTask
        {
            Name = name,
            CreateEnvironments = environmentSeed => _environment.Create(result, count, threads, environmentSeed),
            CreateTrainer = (environments, steps, rewards, observer) => spec.IsPixels
                ? new A2cTrainer(kernels, environments, A2c(result, steps, seed), rewards, observer)
                : new TrpoTrainer(kernels, environments, Trpo(result, spec, steps, seed), rewards, observer),
            Oracle = result.GetValue(_oracle) == "synthetic" ? new OracleOptions { ErrorRate = result.GetValue(_errorRate), TieThreshold = result.GetValue(_ties), Seed = seed } : null,
        };
    }

    private A2cConfig A2c(ParseResult result, long steps, ulong seed)
    {
        var defaults = new A2cConfig { TotalSteps = steps, Seed = seed, EntropyCoef = result.GetValue(_entropy) ?? 0.01 };
        return defaults with
        {
            LearningRate = result.GetValue(_learningRate) ?? defaults.LearningRate,
            RmsPropStart = result.GetValue(_rmsPropStart) ?? defaults.RmsPropStart,
            Gamma = result.GetValue(_gamma) ?? defaults.Gamma,
            Lambda = result.GetValue(_lambda) ?? defaults.Lambda,
            Policy = new PolicyConfig { Trunk = result.GetValue(_trunk) == "mnih2013" ? PixelTrunk.Mnih2013 : PixelTrunk.Mnih2015 },
        };
    }

    private TrpoConfig Trpo(ParseResult result, EnvironmentSpec spec, long steps, ulong seed)
    {
        var defaults = new TrpoConfig { TotalSteps = steps, Seed = seed };
        return defaults with
        {
            BatchSize = result.GetValue(_batchSize),
            Gamma = result.GetValue(_gamma) ?? defaults.Gamma,
            Lambda = result.GetValue(_lambda) ?? defaults.Lambda,
            MaxKl = result.GetValue(_maxKl),
            EntropyCoef = result.GetValue(_entropy) ?? (spec.Id == "swimmer" ? 0.001 : 0.01),
            Policy = new PolicyConfig { InitialLogStd = result.GetValue(_logStd) ?? 0 },
        };
    }

    private PreferenceOptions Options(ParseResult result, EnvironmentSpec spec, ulong seed)
    {
        PreferenceOptions defaults = spec.IsPixels ? PreferenceOptions.Pixels : new PreferenceOptions();
        return (defaults with
        {
            Labels = result.GetValue(_labels),
            Overlap = result.GetValue(_overlap),
            InitialLabels = result.GetValue(_initialLabels) ?? defaults.InitialLabels,
            TotalSteps = result.GetValue(_steps),
            ClipLength = result.GetValue(_clipLength),
            Queries = result.GetValue(_queries) switch
            {
                "random" => SelectionRule.Random,
                "information" => SelectionRule.InformationGain,
                _ => SelectionRule.Variance,
            },
            LabelsPerStep = result.GetValue(_labelsPerStep),
            InitialEpochs = result.GetValue(_initialEpochs),
            Synchronous = result.GetValue(_synchronous),
            RewardModel = defaults.RewardModel with { Members = result.GetValue(_members), RewardStd = result.GetValue(_rewardStd) },
            Fit = defaults.Fit with { LabelNoise = (float)result.GetValue(_noise), Seed = seed },
            SaveSteps = result.GetValue(_saving),
            Seed = seed,
        }).Without(result.GetValue(_ablation) switch
        {
            "random_queries" => Ablation.RandomQueries,
            "no_ensemble" => Ablation.NoEnsemble,
            "no_online_queries" => Ablation.NoOnlineQueries,
            "no_regularization" => Ablation.NoRegularization,
            "no_segments" => Ablation.NoSegments,
            "target" => Ablation.Target,
            _ => Ablation.None,
        });
    }

    private PolicyEvaluation? Evaluate(ParseResult result, ControlPolicy policy)
    {
        int episodes = result.GetValue(_episodes);
        if (episodes == 0)
            return null;
        using VectorEnvironment environments = _environment.Create(result, episodes, result.GetValue(_threads), EvaluateControl.Seed((ulong)result.GetValue(_seed)));
        return PolicyEvaluation.Run(policy, environments);
    }

    private int Report(ParseResult result, ControlPolicy policy, string directory)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        var metrics = RunMetrics.Read(directory);
        var report = new JsonObject
        {
            ["steps"] = (long?)metrics.Last(MetricNames.ControlTimesteps),
            ["labels"] = (long?)metrics.Last(MetricNames.LabelCount),
            ["reward_fit_steps"] = (long?)metrics.Last(MetricNames.RewardFitSteps),
        };
        if (Evaluate(result, policy) is { } evaluation)
        {
            report[MetricNames.EvalReturn] = evaluation.Mean;
            report[MetricNames.EvalReturnStd] = evaluation.Std;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"true return without exploration {evaluation.Mean:g6} ± {evaluation.Std:g4} over {evaluation.Returns.Count} episodes"));
        }

        OutputFile.WriteLines(Path.Combine(directory, Numbers), [report.ToJsonString()]);
        OutputFile.WriteLines(Path.Combine(directory, Page), [RunReport.Page(directory)]);
        output.WriteLine($"saved {TrainingRun.ModelDirectory(directory)}");
        return CommandLine.Success;
    }
}
