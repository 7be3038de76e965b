using Rlhf.Environments;
using Rlhf.Preferences;
using Rlhf.Training.Control;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

/// <summary>The whole loop, learning: a pendulum swings up because 60 comparisons of clips said what is better.</summary>
internal sealed class PendulumLearningTests
{
    [Test]
    public void Pendulum_IsLearned_From60Labels()
    {
        string directory = Directory.CreateTempSubdirectory("rlhf-pendulum-").FullName;
        try
        {
            using var store = new PreferenceStore(Path.Combine(directory, "preferences.db"));
            var task = new PreferenceTask
            {
                Name = "pendulum",
                CreateEnvironments = seed => Many(8, seed),
                CreateTrainer = (environments, steps, rewards, observer) => new TrpoTrainer(
                    Small.Kernels, environments, new TrpoConfig { TotalSteps = steps, BatchSize = 2048, EntropyCoef = 0.001, Gamma = 0.98, Lambda = 0.95, MaxKl = 0.02 }, rewards, observer),
                Oracle = new OracleOptions(),
            };
            var options = new PreferenceOptions { Labels = 60, TotalSteps = 200_000, Synchronous = true };
            using var trainer = new PreferenceTrainer(Small.Kernels, store, task, options);
            double untrained = Evaluate(trainer.Trainer.Policy);
            trainer.Train();
            double trained = Evaluate(trainer.Trainer.Policy);
            TestContext.Out.WriteLine($"true return {untrained:f0} → {trained:f0}, {trainer.Status}");
            Assert.That(trainer.Status.Labels, Is.EqualTo(60));
            Assert.That(trained, Is.GreaterThan(-400), $"untrained {untrained:f0}");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static VectorEnvironment Many(int count, ulong seed) =>
        new([.. Enumerable.Range(0, count).Select(_ => EnvironmentCatalogue.Create("pendulum"))], threads: 1, seed);

    private static double Evaluate(ControlPolicy policy)
    {
        using VectorEnvironment environments = Many(20, seed: 99);
        return PolicyEvaluation.Run(policy, environments).Mean;
    }
}
