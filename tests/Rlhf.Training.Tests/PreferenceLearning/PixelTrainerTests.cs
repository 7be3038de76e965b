using Rlhf.Environments;
using Rlhf.Preferences;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

/// <summary>A whole run over frames: A2C, the reward model's convolutions, clips of frames in the store.</summary>
internal sealed class PixelTrainerTests
{
    private const int Environments = 4, Clip = 4, Labels = 6, Frame = 84 * 84;

    private static readonly PreferenceOptions Brief = PreferenceOptions.Pixels with
    {
        Labels = Labels,
        InitialLabels = 3,
        InitialSteps = 120,
        TotalSteps = 320,
        RecentSteps = 240,
        ClipLength = Clip,
        InitialEpochs = 2,
        SaveSteps = 0,
        RewardModel = new() { Members = 2 },
        Fit = new() { BatchPairs = 2 },
        Synchronous = true,
    };

    private string _directory = null!;

    [SetUp]
    public void Create() => _directory = Directory.CreateTempSubdirectory("rlhf-pixels-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Run_AsksAboutFrames_LearnsFromTheModelsScaledRewards_AndWritesBoth()
    {
        using var store = new PreferenceStore(Path.Combine(_directory, "preferences.db"));
        var log = new Log();
        RewardProbe? probe = null;
        var task = new PreferenceTask
        {
            Name = "pong",
            CreateEnvironments = seed => new VectorEnvironment(
                [.. Enumerable.Range(0, Environments).Select(_ => EnvironmentCatalogue.Create("pong", new EnvironmentOptions { Horizon = 60 }))], threads: 1, seed),
            CreateTrainer = (environments, steps, rewards, observer) =>
            {
                var config = new A2cConfig { TotalSteps = steps, LoggingUpdates = 1, Policy = new() { Trunk = PixelTrunk.Mnih2013 } };
                return new A2cTrainer(Small.Kernels, environments, config, probe = new RewardProbe(rewards), observer);
            },
            Oracle = new OracleOptions(),
        };
        using var trainer = new PreferenceTrainer(Small.Kernels, store, task, Brief, log);
        probe!.Model = trainer.CopyRewardModel;
        var run = TrainingRun.Open(_directory, []);
        trainer.Train(run);
        trainer.Finish(run);

        Segment[] clips = [.. log.Asked.SelectMany(query => query.Items).Distinct().Select(store.GetSegment)];
        Assert.Multiple(() =>
        {
            Assert.That((log.Asked.Count, log.Finished!.Labels, store.GetComparisons(trainer.Run.Id).Added.Count), Is.EqualTo((Labels, Labels, Labels)));
            Assert.That(trainer.Run.Kind, Is.EqualTo(RunKind.Frames));
            Assert.That(clips.Select(clip => clip.NewestFrames().Length), Is.All.EqualTo(Clip * Frame));
            Assert.That(clips.Select(clip => clip.NewestFrames().Chunk(Frame).Select(Convert.ToBase64String).Distinct().Count()), Has.Some.EqualTo(Clip), "pictures move");
            Assert.That(probe.Worst, Is.LessThan(1e-5), "rewards are the newest model's, on the scale of all recent predictions");
            Assert.That(probe.Deviation, Is.EqualTo(0.05).Within(0.03), "the scale of games");
            Assert.That(log.Updates, Has.Count.EqualTo((Brief.TotalSteps - trainer.InitialSteps) / (Environments * 5)));
            foreach (string name in (string[])[MetricNames.ControlPolicyLoss, MetricNames.ControlValueLoss, MetricNames.ControlGradNorm, MetricNames.RewardLoss])
                Assert.That(log.Updates.Select(metrics => metrics[name]), Is.All.Matches<double>(double.IsFinite), name);
            Assert.That(log.Finished!.FitSteps, Is.GreaterThan(0));
        });
        using RewardEnsemble fitted = trainer.CopyRewardModel(), read = new(new RewardInput(trainer.Trainer.Policy.Environment), Brief.RewardModel, seed: 9);
        read.Load(Path.Combine(_directory, "reward_model"));
        Assert.That(Predict(read, clips[0]), Is.EqualTo(Predict(fitted, clips[0])).And.Not.All.EqualTo(0f));
        using ControlPolicy policy = ControlPolicy.Load(Small.Kernels, trainer.Trainer.Policy.Environment, TrainingRun.ModelDirectory(_directory));
        Assert.That(policy.Network.Weights[0], Is.EqualTo(trainer.Trainer.Policy.Network.Weights[0]).And.Not.Zero);
    }

    private static float[] Predict(RewardEnsemble model, Segment clip)
    {
        float[] predictions = new float[model.Members * clip.Length];
        model.Predict(clip.Observations, clip.Actions, predictions);
        return predictions;
    }

    /// <summary>Compares each batch's rewards with those that the newest model gives, worked out from every prediction since the beginning.</summary>
    private sealed class RewardProbe(IRewardSource rewards) : IRewardSource
    {
        private readonly List<float>[] _predictions = [.. Enumerable.Range(0, Brief.RewardModel.Members).Select(_ => new List<float>())];
        private readonly List<float> _rewards = [];

        public Func<RewardEnsemble> Model { get; set; } = null!;

        public double Worst { get; private set; }

        public double Deviation => Math.Sqrt(_rewards.Average(reward => reward * reward));

        public void Fill(ControlRollout rollout)
        {
            rewards.Fill(rollout);
            using RewardEnsemble model = Model();
            float[] predictions = new float[model.Members * rollout.Count], expected = new float[rollout.Count];
            model.Predict(Vectors.Span(rollout.Observations), Vectors.Span(rollout.Actions), predictions);
            for (int m = 0; m < model.Members; m++)
                _predictions[m].AddRange(predictions[(m * rollout.Count)..((m + 1) * rollout.Count)]);
            RewardScale.Of([.. _predictions.SelectMany(of => of)], model.Members, 0.05).Apply(predictions, expected);
            for (int i = 0; i < expected.Length; i++)
                Worst = Math.Max(Worst, Math.Abs(expected[i] - Vectors.Span(rollout.Rewards)[i]));
            _rewards.AddRange(Vectors.Span(rollout.Rewards));
        }
    }

    private sealed class Log : IPreferenceObserver
    {
        public List<Query> Asked { get; } = [];

        public List<IReadOnlyDictionary<string, double>> Updates { get; } = [];

        public PreferenceStatus? Finished { get; private set; }

        void IPreferenceObserver.Asked(IReadOnlyList<Query> queries) => Asked.AddRange(queries);

        void IPreferenceObserver.Updated(int update, IReadOnlyDictionary<string, double> metrics) => Updates.Add(metrics);

        void IPreferenceObserver.Finished(PreferenceStatus status) => Finished = status;
    }
}
