using Rlhf.Kernels.Preference;
using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Reward;

namespace Rlhf.Training.Tests.Reward;

[TestFixture]
internal sealed class RewardTrainerTests
{
    [Test]
    public void Backward_OfAGroupEqualsAllItsPairsTogether()
    {
        using ScalarModel model = Small.RewardModel();
        using var loss = new RewardLoss(model, Small.Kernels);
        ReadOnlyMemory<int>[] items = Small.Sequences(3, 4);
        int[] ranks = [2, 0, 3, 2];
        var group = new RewardExample(items, ranks);
        RewardExample[] pairs = [.. from better in Enumerable.Range(0, 4) from worse in Enumerable.Range(0, 4) where ranks[better] < ranks[worse]
            select new RewardExample([items[better], items[worse]], [0, 1])];

        PreferenceStats ofGroup = loss.Backward([group], normalizer: 1);
        float[] groupGradients = Small.Gradients(model.Transformer);
        model.Transformer.ZeroGradients();
        PreferenceStats ofPairs = loss.Backward(pairs, normalizer: pairs.Length);

        Assert.Multiple(() =>
        {
            Assert.That(pairs, Has.Length.EqualTo(5));
            Assert.That(ofGroup.Loss, Is.EqualTo(ofPairs.Loss).Within(1e-6));
            Assert.That(ofGroup.Pairs, Is.EqualTo(ofPairs.Pairs));
            Assert.That(Small.Gradients(model.Transformer), Is.EqualTo(groupGradients).Within(1e-5f));
            Assert.That(groupGradients.Max(Math.Abs), Is.GreaterThan(1e-3f));
        });
    }

    [Test]
    public void Train_DoesNotDependOnTheMicroBatch([Values(1, 3)] int microBatch)
    {
        // Where the true gradient is zero (key biases) it is rounding, which a tiny epsilon would blow up to a whole step.
        var config = new RewardConfig { BatchSize = 6, MaxSteps = 2, LearningRate = 1e-2, Optimizer = new() { Epsilon = 1e-2f } };

        float[] whole = TrainedWeights(config), split = TrainedWeights(config with { MicroBatchSize = microBatch });

        Assert.That(split, Is.EqualTo(whole).Within(2e-5f));
    }

    [Test]
    public void Train_GivesTheSameBits_FromTheSameSeed()
    {
        var config = new RewardConfig { BatchSize = 4, MaxSteps = 3, LearningRate = 1e-3, Seed = 5 };

        float[] first = TrainedWeights(config), second = TrainedWeights(config);

        Assert.Multiple(() =>
        {
            Assert.That(second, Is.EqualTo(first));
            Assert.That(TrainedWeights(config with { Seed = 6 }), Is.Not.EqualTo(first));
        });
    }

    [Test]
    public void Train_LearnsASeparableRanking()
    {
        using ScalarModel model = Small.RewardModel();
        IReadOnlyList<RewardExample> train = CountingTask(1, 96), heldOut = CountingTask(2, 64);
        using var trainer = new RewardTrainer(model, Small.Kernels, train, new RewardConfig { BatchSize = 16, MaxSteps = 40, LearningRate = 3e-3 });
        double before = trainer.Evaluate(heldOut).Accuracy;

        var observer = new RecordingObserver();
        trainer.Train(observer, heldOut);

        PreferenceStats after = trainer.Evaluate(heldOut);
        Assert.Multiple(() =>
        {
            Assert.That(after.Accuracy, Is.GreaterThan(0.9));
            Assert.That(before, Is.LessThan(0.8));
            Assert.That(after.Loss, Is.LessThan(0.4));
            Assert.That(observer.Steps[^1].Metrics[MetricNames.EvalAccuracy], Is.EqualTo(after.Accuracy));
        });
    }

    [Test]
    public void Train_LogsTheMetricsOfItsBatch()
    {
        using ScalarModel model = Small.RewardModel();
        IReadOnlyList<RewardExample> examples = CountingTask(1, 4);
        using var scorer = new RewardScorer(model);
        float[] scores = scorer.Score([.. examples.SelectMany(example => example.Sequences)]);
        using var trainer = new RewardTrainer(model, Small.Kernels, examples, new RewardConfig { BatchSize = 4, MaxSteps = 1 });

        var observer = new RecordingObserver();
        trainer.Train(observer);

        IReadOnlyDictionary<string, double> metrics = observer.Steps[0].Metrics;
        Assert.Multiple(() =>
        {
            Assert.That(metrics[MetricNames.MinReward], Is.EqualTo(scores.Min()).Within(1e-5));
            Assert.That(metrics[MetricNames.MaxReward], Is.EqualTo(scores.Max()).Within(1e-5));
            Assert.That(metrics[MetricNames.MeanReward], Is.EqualTo(scores.Average()).Within(1e-5));
            Assert.That(metrics[MetricNames.NumTokens], Is.EqualTo(examples.Sum(example => example.Sequences.Sum(sequence => sequence.Length))));
            Assert.That(metrics[MetricNames.GradNorm], Is.GreaterThan(0));
            Assert.That(metrics[MetricNames.SupervisedLearningRate], Is.EqualTo(1e-4).Within(1e-9));
        });
    }

    [Test]
    public void Backward_SubtractsMarginsAndCentersRewards_OnPairs()
    {
        using ScalarModel model = Small.RewardModel();
        ReadOnlyMemory<int>[] items = Small.Sequences(4, 2);
        using var scorer = new RewardScorer(model);
        float[] scores = scorer.Score(items);
        using var loss = new RewardLoss(model, Small.Kernels, centering: 0.5f);

        double value = loss.Forward([new RewardExample(items, [0, 1], Margin: 1.5f)], normalizer: 1).Loss;

        double difference = scores[0] - scores[1] - 1.5, sum = scores[0] + scores[1];
        Assert.That(value, Is.EqualTo(Math.Log(1 + Math.Exp(-difference)) + (0.5 * sum * sum)).Within(1e-5));
    }

    [Test]
    public void From_LeavesOutWhatIsTooLongOrAllTied()
    {
        TokenText prompt = new("", [1, 2]);
        Ranking fits = new(prompt, [new("", [3]), new("", [4, 5])], [1, 2]);
        Ranking tied = fits with { Ranks = [1, 1] };
        Ranking tooLong = fits with { Completions = [new("", [3]), new("", [4, 5, 6])] };

        IReadOnlyList<RewardExample> examples = RewardExamples.From([tied, fits, tooLong], maxLength: 4);

        Assert.Multiple(() =>
        {
            Assert.That(examples, Has.Count.EqualTo(1));
            Assert.That(examples[0].Sequences[1].ToArray(), Is.EqualTo(new[] { 1, 2, 4, 5 }));
            Assert.That(() => RewardExamples.From([tied, tooLong], 4), Throws.TypeOf<DataFormatException>());
        });
    }

    /// <summary>Ranked by how often token 7 was put into random text: 6, 3 or 0 times.</summary>
    internal static IReadOnlyList<RewardExample> CountingTask(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new RewardExample(
            [.. Enumerable.Range(0, 3).Select(rank => Sequence(random, times: 6 - (3 * rank)))], [0, 1, 2]))];
    }

    private static ReadOnlyMemory<int> Sequence(Random random, int times)
    {
        int[] ids = [.. Enumerable.Range(0, random.Next(8, 14)).Select(_ => random.Next(8, 40))];
        for (int i = 0; i < times; i++)
            ids[random.Next(ids.Length)] = 7;
        return ids;
    }

    private static float[] TrainedWeights(RewardConfig config)
    {
        using ScalarModel model = Small.RewardModel();
        using var trainer = new RewardTrainer(model, Small.Kernels, CountingTask(1, 20), config);
        trainer.Train();
        return Small.Weights(model.Transformer);
    }
}
