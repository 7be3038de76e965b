using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Cli.Options;
using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Cli.Verbs.Control;

/// <summary><c>rlhf control train</c>: TRPO, A2C or PPO on the true reward, or on a reward model that was saved.</summary>
internal sealed class TrainControl
{
    private readonly OptionSet _set = new();
    private readonly EnvironmentOption _environment;
    private readonly Option<string> _algorithm, _trunk;
    private readonly Option<long> _steps, _seed;
    private readonly Option<int> _count, _batchSize, _threads, _episodes;
    private readonly Option<int?> _logging, _saving;
    private readonly Option<double?> _gamma, _lambda, _maxKl, _entropy, _learningRate, _rmsPropStart, _logStd;
    private readonly Option<string?> _outputDir, _rewardModel;
    private readonly Option<bool> _resume;
    private readonly ReportToOption _reportTo;

    private TrainControl()
    {
        _environment = new EnvironmentOption(_set);
        _algorithm = _set.AddChoice("algorithm", "How to learn; frames take a2c", "trpo", "a2c", "ppo");
        _steps = _set.AddNumber("steps", "Environment steps, all environments together", 1_000_000L, 1L);
        _outputDir = _set.AddOptional("output_dir", "Where the run goes; the policy will be in its model/", "DIR", required: true);
        _rewardModel = _set.AddOptional(
            "reward_model", "Learn from a reward model, and see the true reward in the log alone: a run of prefs train, its reward_model/, or what prefs fit wrote", "DIR");
        _count = _set.AddNumber("num_envs", "Environments side by side; 0: 8, a2c 16", 0, 0);
        _batchSize = _set.AddNumber("batch_size", "Environment steps an update; 0: the algorithm's own", 0, 0);
        _gamma = _set.AddOptionalNumber("gamma", "Discount [default: the algorithm's own]", 0.0, 1.0);
        _lambda = _set.AddOptionalNumber("lam", "Lambda of GAE [default: the algorithm's own]", 0.0, 1.0);
        _maxKl = _set.AddOptionalNumber("max_kl", "TRPO: largest mean KL of an update, nats [default: 0.01]", 1e-8, 10.0);
        _entropy = _set.AddOptionalNumber("entropy_coef", "Weight of the entropy [default: the algorithm's own]", 0.0, 10.0);
        _learningRate = _set.AddOptionalNumber("learning_rate", "A2C, PPO: first learning rate [default: the algorithm's own]", 1e-12, 10.0);
        _rmsPropStart = _set.AddOptionalNumber("rmsprop_start", "A2C: what RMSProp's mean squares start at; short runs need 0 [default: 1]", 0.0, 1e6);
        _logStd = _set.AddOptionalNumber("initial_log_std", "First log standard deviation of each action of a box; -1 for tasks that strong actions end [default: 0]", -10.0, 2.0);
        _trunk = _set.AddChoice("trunk", "Layers that see frames", "mnih2015", "mnih2013");
        _episodes = _set.AddNumber("eval_episodes", "Episodes of the evaluation at the end, without exploration; 0: none", 20, 0);
        _logging = _set.AddOptionalNumber("logging_steps", "Updates between log lines [default: the algorithm's own]", 1, int.MaxValue);
        _saving = _set.AddOptionalNumber("save_steps", "Updates between checkpoints, 0: none [default: the algorithm's own]", 0, int.MaxValue);
        _seed = _set.AddNumber("seed", "Seed of environments, weights and actions", 1L, 0L);
        _resume = _set.Add("resume_from_checkpoint", "Go on from the newest checkpoint in output_dir", false);
        _reportTo = new ReportToOption(_set);
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new TrainControl();
        Command command = verb._set.Command("train", "Train a policy on an environment's true reward, or on a reward model");
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
        if (resume && TrainingRun.IsFinished(directory))
        {
            output.WriteLine($"finished already: {TrainingRun.ModelDirectory(directory)}");
            return CommandLine.Success;
        }

        string? checkpoint = resume ? TrainingRun.LatestCheckpoint(directory) : null;
        int threads = result.GetValue(_threads);
        ulong seed = (ulong)result.GetValue(_seed);
        using CpuKernels kernels = Machine.Kernels(threads);
        int count = result.GetValue(_count) is var given and > 0 ? given : result.GetValue(_algorithm) == "a2c" ? 16 : 8;
        using VectorEnvironment environments = _environment.Create(result, count, threads, seed);
        using SavedReward? reward = Reward(result, environments.Spec);
        using IControlTrainer trainer = Trainer(result, kernels, environments, reward, seed);
        if (checkpoint is not null)
            trainer.Resume(checkpoint);

        TrainingRun run = TrainingRun.Open(directory, arguments, resume);
        using (var log = new RunLog(directory, append: resume, tensorBoard: _reportTo.TensorBoard(result)))
        {
            var observers = new ObserverGroup(log, new StepLines(output));
            trainer.Train(observers, run, cancellation);
            Evaluate(result, trainer, threads, seed, observers);
        }

        trainer.Finish(run);
        output.WriteLine($"saved {TrainingRun.ModelDirectory(directory)}");
        return CommandLine.Success;
    }

    private void Evaluate(ParseResult result, IControlTrainer trainer, int threads, ulong seed, ITrainingObserver observer)
    {
        int episodes = result.GetValue(_episodes);
        if (episodes == 0)
            return;
        using VectorEnvironment environments = _environment.Create(result, episodes, threads, EvaluateControl.Seed(seed));
        observer.Stepped(trainer.Update, EvaluateControl.Metrics(PolicyEvaluation.Run(trainer.Policy, environments)));
    }

    private SavedReward? Reward(ParseResult result, EnvironmentSpec environment)
    {
        if (result.GetValue(_rewardModel) is not { } directory)
            return null;
        if (!Directory.Exists(directory))
            throw new DataFormatException($"{directory}: missing, expected a reward model's folder");
        string inRun = Path.Combine(directory, "reward_model");
        return new SavedReward(RewardEnsemble.Open(environment, Directory.Exists(inRun) ? inRun : directory));
    }

    private IControlTrainer Trainer(ParseResult result, IKernels kernels, VectorEnvironment environments, IRewardSource? reward, ulong seed)
    {
        long steps = result.GetValue(_steps);
        int batch = result.GetValue(_batchSize);
        var policy = new PolicyConfig
        {
            Trunk = result.GetValue(_trunk) == "mnih2013" ? PixelTrunk.Mnih2013 : PixelTrunk.Mnih2015,
            InitialLogStd = result.GetValue(_logStd) ?? 0,
        };
        switch (result.GetValue(_algorithm))
        {
            case "a2c":
                var a2c = new A2cConfig { TotalSteps = steps, Seed = seed, Policy = policy };
                return new A2cTrainer(kernels, environments, a2c with
                {
                    StepsPerUpdate = batch > 0 ? StepsOfEach(batch, environments.Count) : a2c.StepsPerUpdate,
                    LearningRate = result.GetValue(_learningRate) ?? a2c.LearningRate,
                    Gamma = result.GetValue(_gamma) ?? a2c.Gamma,
                    Lambda = result.GetValue(_lambda) ?? a2c.Lambda,
                    EntropyCoef = result.GetValue(_entropy) ?? a2c.EntropyCoef,
                    RmsPropStart = result.GetValue(_rmsPropStart) ?? a2c.RmsPropStart,
                    LoggingUpdates = result.GetValue(_logging) ?? a2c.LoggingUpdates,
                    SaveUpdates = result.GetValue(_saving) ?? a2c.SaveUpdates,
                }, reward);
            case "ppo":
                var ppo = new ControlPpoConfig { TotalSteps = steps, Seed = seed, Policy = policy };
                return new ControlPpoTrainer(kernels, environments, ppo with
                {
                    BatchSize = batch > 0 ? batch : ppo.BatchSize,
                    LearningRate = result.GetValue(_learningRate) ?? ppo.LearningRate,
                    Gamma = result.GetValue(_gamma) ?? ppo.Gamma,
                    Lambda = result.GetValue(_lambda) ?? ppo.Lambda,
                    EntropyCoef = result.GetValue(_entropy) ?? ppo.EntropyCoef,
                    LoggingUpdates = result.GetValue(_logging) ?? ppo.LoggingUpdates,
                    SaveUpdates = result.GetValue(_saving) ?? ppo.SaveUpdates,
                }, reward);
            default:
                var trpo = new TrpoConfig { TotalSteps = steps, Seed = seed, Policy = policy };
                return new TrpoTrainer(kernels, environments, trpo with
                {
                    BatchSize = batch > 0 ? batch : trpo.BatchSize,
                    Gamma = result.GetValue(_gamma) ?? trpo.Gamma,
                    Lambda = result.GetValue(_lambda) ?? trpo.Lambda,
                    MaxKl = result.GetValue(_maxKl) ?? trpo.MaxKl,
                    EntropyCoef = result.GetValue(_entropy) ?? trpo.EntropyCoef,
                    LoggingUpdates = result.GetValue(_logging) ?? trpo.LoggingUpdates,
                    SaveUpdates = result.GetValue(_saving) ?? trpo.SaveUpdates,
                }, reward);
        }
    }

    private static int StepsOfEach(int batch, int environments) => batch % environments == 0
        ? batch / environments
        : throw new ArgumentException($"--batch_size: {batch.ToString(CultureInfo.InvariantCulture)}, expected a multiple of the {environments} environments");
}
