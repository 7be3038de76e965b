using Rlhf.Environments;
using Rlhf.Models;
using Rlhf.Preferences;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

/// <summary>A reward model outlives its run: what was saved is the reward that the policy learned from, and another one learns from it.</summary>
internal sealed class SavedRewardTests
{
    private string _directory = null!;

    private string Model => Path.Combine(_directory, "run", "reward_model");

    [OneTimeSetUp]
    public void Learn()
    {
        _directory = Directory.CreateTempSubdirectory("rlhf-saved-").FullName;
        using var store = new PreferenceStore(Path.Combine(_directory, "preferences.db"));
        var task = new PreferenceTask
        {
            Name = "chain",
            CreateEnvironments = seed => ChainEnvironment.Many(4, seed),
            CreateTrainer = Learner,
            Oracle = new OracleOptions(),
        };
        var options = new PreferenceOptions { Labels = 60, TotalSteps = 6000, InitialSteps = 400, RecentSteps = 800, InitialEpochs = 60, Fit = new() { BatchPairs = 8 }, Synchronous = true };
        using var trainer = new PreferenceTrainer(Small.Kernels, store, task, options);
        TrainingRun run = TrainingRun.Open(Path.Combine(_directory, "run"), []);
        trainer.Train(run);
        trainer.Finish(run);
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Scale_IsTheOneOfTheLastRewards()
    {
        using RewardEnsemble model = Open();
        (double mean, double deviation) = Moments(model);
        Assert.Multiple(() =>
        {
            Assert.That(model.Scale.Gains, Has.All.Not.EqualTo(1));
            Assert.That(model.Scale.Shifts, Has.All.Not.Zero);
            Assert.That(mean, Is.EqualTo(0).Within(0.5), "other steps than those it was scaled by, of the same policy");
            Assert.That(deviation, Is.EqualTo(1).Within(0.5));
        });
    }

    [Test]
    public void NewPolicy_LearnsFromIt()
    {
        using VectorEnvironment environments = ChainEnvironment.Many(4, seed: 77);
        using var reward = new SavedReward(Open());
        using TrpoTrainer trainer = Learner(environments, 30_000, reward, null);
        double untrained = Evaluate(trainer.Policy);
        trainer.Train();
        double trained = Evaluate(trainer.Policy);
        TestContext.Out.WriteLine($"true return {untrained:f1} → {trained:f1}");
        Assert.That(trained, Is.GreaterThan(untrained / 2), $"untrained {untrained:f1}, best 0");
    }

    [Test]
    public void Opened_IsWhatWasSaved()
    {
        using RewardEnsemble model = Open(), again = Open();
        again.Save(Path.Combine(_directory, "again"));
        using RewardEnsemble copy = RewardEnsemble.Open(Spec, Path.Combine(_directory, "again"));
        float[] first = new float[3 * 2], second = new float[3 * 2];
        model.Predict([1, 0, -1, 0.2f], [0.5f, 0], first);
        copy.Predict([1, 0, -1, 0.2f], [0.5f, 0], second);
        Assert.That(second, Is.EqualTo(first));
        Assert.That((copy.Scale.Shift, copy.Scale.Gain, copy.FittedSteps), Is.EqualTo((model.Scale.Shift, model.Scale.Gain, model.FittedSteps)));
    }

    [Test]
    public void WhatDoesNotFit_IsNamed()
    {
        string path = Path.Combine(Model, "reward_model.json");
        Assert.Multiple(() =>
        {
            Refuses(Spec with { Id = "hopper" }, Model, $"{path}: a reward model for chain, expected one for hopper");
            Refuses(Spec with { ObservationShape = [5] }, Model, $"{path}: a reward model for inputs of [3], expected [6] as chain has");
            Refuses(Spec, _directory, $"{Path.Combine(_directory, "reward_model.json")}: missing, expected a reward model");
        });

        static void Refuses(EnvironmentSpec environment, string directory, string message) => Assert.That(
            () => RewardEnsemble.Open(environment, directory), Throws.TypeOf<DataFormatException>().With.Message.EqualTo(message));
    }

    private static EnvironmentSpec Spec { get; } = Toy.Spec with { Id = "chain", Horizon = 40 };

    private static TrpoTrainer Learner(VectorEnvironment environments, long steps, IRewardSource rewards, IRolloutObserver? observer) => new TrpoTrainer(
        Small.Kernels, environments, new TrpoConfig { TotalSteps = steps, BatchSize = 200, Critic = new() { Epochs = 2 }, Policy = new() { HiddenSizes = [16] } }, rewards, observer);

    private static double Evaluate(ControlPolicy policy)
    {
        using VectorEnvironment environments = ChainEnvironment.Many(20, seed: 99);
        return PolicyEvaluation.Run(policy, environments).Mean;
    }

    private RewardEnsemble Open() => RewardEnsemble.Open(Spec, Model);

    private (double Mean, double Deviation) Moments(RewardEnsemble model)
    {
        using VectorEnvironment environments = ChainEnvironment.Many(4, seed: 55);
        using ControlPolicy policy = ControlPolicy.Load(Small.Kernels, Spec, TrainingRun.ModelDirectory(Path.Combine(_directory, "run")));
        using var collector = new RolloutCollector(environments, policy, seed: 5);
        using var rollout = new ControlRollout(Spec, 4, 200, normalized: policy.Normalizer is not null);
        collector.Collect(rollout);
        using var reward = new SavedReward(model.Clone());
        reward.Fill(rollout);
        float[] rewards = Vectors.Span(rollout.Rewards).ToArray();
        double mean = rewards.Average();
        return (mean, Math.Sqrt(rewards.Average(value => (value - mean) * (value - mean))));
    }
}
