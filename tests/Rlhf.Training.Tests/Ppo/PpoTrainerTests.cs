using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

internal sealed class PpoTrainerTests
{
    [Test]
    public void Train_RaisesARewardThatCountsOneToken()
    {
        PpoConfig config = TinyPpo.Config with { PerDeviceTrainBatchSize = 64, TotalEpisodes = 64 * 30, NumPpoEpochs = 4, KlCoef = 0.01f, LearningRate = 1e-2 };
        using var run = new TinyPpo(config);
        run.Trainer.Train();
        double first = run.Log[MetricNames.Scores].First(), last = run.Log[MetricNames.Scores].TakeLast(3).Average();
        TestContext.Out.WriteLine(string.Join(' ', run.Log[MetricNames.Scores].Select(s => s.ToString("F3"))));
        foreach ((string name, double value) in run.Log.Steps[^1])
            TestContext.Out.WriteLine($"{name} {value}");
        Assert.That(last, Is.GreaterThan(first + 0.3));
    }
}
