using Rlhf.Environments;
using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests.Control;

/// <summary>What holds for every algorithm.</summary>
internal sealed class ControlTrainerTests
{
    private static readonly string[] Algorithms = ["trpo", "a2c", "ppo"];

    [Test]
    public void Resume_GoesOnBitForBit([ValueSource(nameof(Algorithms))] string algorithm, [Values("pendulum", "cartpole")] string id)
    {
        using var directory = new TemporaryDirectory();
        var whole = new RecordingObserver();
        using VectorEnvironment environments = Worlds.Vector(id, horizon: 37);
        using IControlTrainer trainer = Trainer(algorithm, environments);
        trainer.Train(whole, TrainingRun.Open(directory.Combine("run"), []));
        string checkpoint = TrainingRun.LatestCheckpoint(directory.Combine("run"));

        var rest = new RecordingObserver();
        using VectorEnvironment again = Worlds.Vector(id, horizon: 37);
        using IControlTrainer resumed = Trainer(algorithm, again, seed: 99);
        resumed.Resume(checkpoint);
        int from = resumed.Update;
        resumed.Train(rest);

        // The seed of the actions is a setting, not a state: a trainer with another one goes another way.
        using VectorEnvironment third = Worlds.Vector(id, horizon: 37);
        using IControlTrainer same = Trainer(algorithm, third);
        same.Resume(checkpoint);
        same.Train(rest);
        Assert.Multiple(() =>
        {
            Assert.That(from, Is.EqualTo(2));
            Assert.That(Worlds.Weights(same.Policy), Is.EqualTo(Worlds.Weights(trainer.Policy)));
            Assert.That(Worlds.Weights(resumed.Policy), Is.Not.EqualTo(Worlds.Weights(trainer.Policy)));
            Assert.That(rest.Steps[^1].Metrics[MetricNames.ControlValueLoss], Is.EqualTo(whole.Steps[^1].Metrics[MetricNames.ControlValueLoss]));
        });
    }

    [Test]
    public void Train_GivesTheSameBits_ForAnyNumberOfEnvironmentThreads([ValueSource(nameof(Algorithms))] string algorithm)
    {
        Assert.That(Trained(2), Is.EqualTo(Trained(1)));

        float[] Trained(int threads)
        {
            using VectorEnvironment environments = Worlds.Vector("pendulum", threads: threads);
            using IControlTrainer trainer = Trainer(algorithm, environments);
            trainer.Train();
            return Worlds.Weights(trainer.Policy);
        }
    }

    [Test]
    public void Iterate_LearnsFromTheRewardsThatItIsGiven([ValueSource(nameof(Algorithms))] string algorithm)
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using IControlTrainer trainer = Trainer(algorithm, environments, rewards: new ConstantReward(0.25f));

        IReadOnlyDictionary<string, double> metrics = trainer.Iterate();

        Assert.Multiple(() =>
        {
            Assert.That(metrics[MetricNames.RolloutReward], Is.EqualTo(0.25));
            Assert.That(metrics.Keys, Is.SubsetOf(MetricNames.All.Select(metric => metric.Name)));
        });
    }

    [Test]
    public void EntropyBonus_WidensThePolicy_WhereNothingElseIsPaid([ValueSource(nameof(Algorithms))] string algorithm)
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        var nothing = new ConstantReward(0);
        using IControlTrainer trainer = algorithm switch
        {
            "trpo" => new TrpoTrainer(Small.Kernels, environments, new TrpoConfig { TotalSteps = 512, BatchSize = 128, EntropyCoef = 10 }, nothing),
            "ppo" => new ControlPpoTrainer(
                Small.Kernels, environments, new ControlPpoConfig { TotalSteps = 512, BatchSize = 128, MiniBatches = 4, EntropyCoef = 10 }, nothing),
            _ => new A2cTrainer(Small.Kernels, environments, new A2cConfig { TotalSteps = 512, EntropyCoef = 10 }, nothing),
        };
        float before = trainer.Policy.LogStds[0];

        trainer.Train();

        Assert.That(trainer.Policy.LogStds[0], Is.GreaterThan(before));
    }

    [Test]
    public void Iterate_StopsAtANaNReward_BeforeTheUpdate([ValueSource(nameof(Algorithms))] string algorithm)
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using IControlTrainer trainer = Trainer(algorithm, environments, rewards: new ConstantReward(float.NaN));
        float[] before = Worlds.Weights(trainer.Policy);

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Iterate());

        Assert.Multiple(() =>
        {
            Assert.That(error!.Message, Does.StartWith("training diverged at step 1: rewards of step 0, environment 0 is NaN"));
            Assert.That(Worlds.Weights(trainer.Policy), Is.EqualTo(before));
        });
    }

    [Test]
    public void Resume_NamesTheAlgorithm_OfAnothersCheckpoint()
    {
        using var directory = new TemporaryDirectory();
        using VectorEnvironment environments = Worlds.Vector("pendulum");
        using IControlTrainer ppo = Trainer("ppo", environments), trpo = Trainer("trpo", environments);
        ppo.Iterate();
        ppo.WriteCheckpoint(directory.Path);

        var error = Assert.Throws<DataFormatException>(() => trpo.Resume(directory.Path));

        Assert.That(error!.Message, Does.EndWith("trainer_state.json: a run of ppo, expected trpo"));
    }

    [Test]
    public void Constructor_NamesTheSetting_ThatIsOutOfRange()
    {
        using VectorEnvironment environments = Worlds.Vector("pendulum");

        var error = Assert.Throws<ArgumentException>(() => new TrpoTrainer(Small.Kernels, environments, new TrpoConfig { Gamma = 1.5 }));

        Assert.That(error!.Message, Is.EqualTo("Gamma is 1.5, expected 0 to 1"));
    }

    [TestCase("trpo", 30_000)]
    [TestCase("ppo", 40_000)]
    [TestCase("a2c", 80_000)]
    public void Train_BalancesTheCartPole(string algorithm, int steps)
    {
        using VectorEnvironment environments = Worlds.Vector("cartpole", count: 8), evaluation = Worlds.Vector("cartpole", count: 10, seed: 7);
        using IControlTrainer trainer = algorithm switch
        {
            "trpo" => new TrpoTrainer(Small.Kernels, environments, new TrpoConfig { TotalSteps = steps, BatchSize = 1024 }),
            "ppo" => new ControlPpoTrainer(Small.Kernels, environments, new ControlPpoConfig { TotalSteps = steps, BatchSize = 1024, MiniBatches = 8 }),
            _ => new A2cTrainer(Small.Kernels, environments, new A2cConfig { TotalSteps = steps }),
        };
        double before = PolicyEvaluation.Run(trainer.Policy, evaluation).Mean;

        trainer.Train();

        double after = PolicyEvaluation.Run(trainer.Policy, evaluation).Mean;
        Assert.That(after, Is.GreaterThan(before + 150).And.GreaterThan(250), $"untrained {before}");
    }

    private static IControlTrainer Trainer(string algorithm, VectorEnvironment environments, ulong seed = 1, IRewardSource? rewards = null) => algorithm switch
    {
        "trpo" => new TrpoTrainer(
            Small.Kernels, environments, new TrpoConfig { TotalSteps = 4 * 128, BatchSize = 128, SaveUpdates = 2, Seed = seed }, rewards),
        "ppo" => new ControlPpoTrainer(
            Small.Kernels, environments, new ControlPpoConfig { TotalSteps = 4 * 128, BatchSize = 128, MiniBatches = 4, Epochs = 2, SaveUpdates = 2, Seed = seed }, rewards),
        _ => new A2cTrainer(
            Small.Kernels, environments, new A2cConfig { TotalSteps = 4 * 100, StepsPerUpdate = 25, LoggingUpdates = 1, SaveUpdates = 2, Seed = seed }, rewards),
    };

    private sealed class ConstantReward(float value) : IRewardSource
    {
        public void Fill(ControlRollout rollout) => Vectors.Span(rollout.Rewards).Fill(value);
    }
}
