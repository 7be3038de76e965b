using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Reward;
using Rlhf.Training.Tests.Reward;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on reward models, by number.</summary>
[TestFixture]
internal sealed class RewardModelStatements
{
    [Test]
    public void Statement08_RewardNormalization_ResetsGainAndBias_ThenGivesMeanZeroAndDeviationOne()
    {
        ReadOnlyMemory<int>[] samples = Small.Sequences(1, 64);
        using ScalarModel model = Small.RewardModel();
        using var scorer = new RewardScorer(model);
        (double oldMean, double oldDeviation) = Moments(scorer.Score(samples));
        (model.Gain, model.Bias) = (5, -2);

        new RewardNormalizer(samples, RewardNormalization.Standardize).Apply(scorer);

        (double mean, double deviation) = Moments(scorer.Score(samples));
        Assert.Multiple(() =>
        {
            Assert.That(model.Gain, Is.EqualTo(1 / oldDeviation).Within(1e-4 / oldDeviation));
            Assert.That(model.Bias, Is.EqualTo(-oldMean / oldDeviation).Within(1e-4));
            Assert.That(mean, Is.Zero.Within(1e-5));
            Assert.That(deviation, Is.EqualTo(1).Within(1e-5));
        });
    }

    [Test]
    public void Statement08_RewardNormalization_Throws_WhenAllScoresAreEqual()
    {
        ReadOnlyMemory<int>[] samples = [(int[])[1, 2], (int[])[1, 2]];
        using ScalarModel model = Small.RewardModel();
        (model.Gain, model.Bias) = (5, -2);
        using var scorer = new RewardScorer(model);

        Assert.Multiple(() =>
        {
            Assert.That(() => new RewardNormalizer(samples, RewardNormalization.Standardize).Apply(scorer), Throws.TypeOf<DataFormatException>());
            Assert.That((model.Gain, model.Bias), Is.EqualTo((5f, -2f)));
        });
    }

    [Test]
    public void Statement09_RewardNormalization_IsDoneBeforeAndAfterTraining_On256SamplesOfTheReference([Values] bool before)
    {
        using LanguageModel policy = Small.Model(seed: 2);
        TokenText[] prompts = [.. Small.Sequences(5, 20, minLength: 2, maxLength: 6).Select(ids => new TokenText("", ids.ToArray()))];
        IReadOnlyList<ReadOnlyMemory<int>> samples = ReferenceSamples.Draw(policy, Small.Kernels, prompts, new GenerationOptions { MaxNewTokens = 5 });
        using ScalarModel model = Small.RewardModel();
        using var scorer = new RewardScorer(model);
        var config = new RewardConfig { BatchSize = 8, MaxSteps = 5, LearningRate = 1e-3, NormalizeBefore = before };
        using var trainer = new RewardTrainer(model, Small.Kernels, RewardTrainerTests.CountingTask(1, 24), config);
        (double Mean, double Deviation) first = default;

        trainer.Train(
            new RecordingObserver(() => first = Moments(scorer.Score(samples))),
            normalizer: new RewardNormalizer(samples, RewardNormalization.Standardize));

        (double mean, double deviation) = Moments(scorer.Score(samples));
        Assert.Multiple(() =>
        {
            Assert.That(samples, Has.Count.EqualTo(256));
            Assert.That(samples.Select(sample => sample.Length), Is.All.InRange(7, 11));
            Assert.That(first.Deviation, before ? Is.EqualTo(1).Within(1e-4) : Is.Not.EqualTo(1).Within(1e-2));
            Assert.That(mean, Is.Zero.Within(1e-4));
            Assert.That(deviation, Is.EqualTo(1).Within(1e-4));
        });
    }

    [Test]
    public void Statement10_RewardModel_IsCenteredByItsBias_WhichIsSavedWithIt()
    {
        using var directory = new TemporaryDirectory();
        ReadOnlyMemory<int>[] references = Small.Sequences(1, 40);
        using ScalarModel model = Small.RewardModel();
        using var scorer = new RewardScorer(model);
        (double oldMean, double oldDeviation) = Moments(scorer.Score(references));

        new RewardNormalizer(references, RewardNormalization.Center).Apply(scorer);
        model.Save(directory.Combine("model"));

        using ScalarModel loaded = ScalarModel.Load(directory.Combine("model"));
        using var loadedScorer = new RewardScorer(loaded);
        (double mean, double deviation) = Moments(loadedScorer.Score(references));
        Assert.Multiple(() =>
        {
            Assert.That(loaded.Gain, Is.EqualTo(1f));
            Assert.That(loaded.Bias, Is.EqualTo(-oldMean).Within(1e-6));
            Assert.That(mean, Is.Zero.Within(1e-6));
            Assert.That(deviation, Is.EqualTo(oldDeviation).Within(1e-6));
        });
    }

    [Test]
    public void Statement13_Reward_OfPaddedSequencesEqualsThatOfUnpaddedOnes([Values] PaddingSide side)
    {
        ReadOnlyMemory<int>[] sequences = Small.Sequences(1, 12, minLength: 1);
        using ScalarModel model = Small.RewardModel();
        using var alone = new RewardScorer(model, batchSize: 1);
        using var batch = new TokenBatchBuffer();
        using var scores = TestSupport.Pinned.Zeros<float>(sequences.Length);

        batch.Fill(sequences, side);
        model.Forward(batch.Tokens, batch.LastRows, scores);

        float[] expected = alone.Score(sequences);
        Assert.Multiple(() =>
        {
            Assert.That(scores.ToArray(), Is.EqualTo(expected).Within(1e-5f));
            Assert.That(expected.Distinct().Count(), Is.GreaterThan(10));
        });
    }

    [Test]
    public void Statement38_RewardModel_TrainsOneEpoch_AndTheLearningRateAnneals([Values(ScheduleKind.Linear, ScheduleKind.Cosine)] ScheduleKind schedule)
    {
        IReadOnlyList<RewardExample> examples = RewardTrainerTests.CountingTask(1, 32);
        using ScalarModel model = Small.RewardModel();
        using var trainer = new RewardTrainer(model, Small.Kernels, examples, new RewardConfig { BatchSize = 4, Schedule = schedule, LoggingSteps = 1 });

        var observer = new RecordingObserver();
        trainer.Train(observer);

        double[] rates = [.. observer.Steps.Select(step => step.Metrics[MetricNames.SupervisedLearningRate] / 1e-4)];
        double[] expected = [.. Enumerable.Range(0, 8).Select(i => schedule == ScheduleKind.Linear ? 1 - (i / 8.0) : (1 + Math.Cos(Math.PI * i / 8)) / 2)];
        Assert.Multiple(() =>
        {
            Assert.That(rates, Is.EqualTo(expected).Within(1e-5));
            Assert.That(
                observer.Steps[^1].Metrics[MetricNames.NumTokens],
                Is.EqualTo(examples.Sum(example => example.Sequences.Sum(sequence => sequence.Length))),
                "one epoch sees every example once");
        });
    }

    private static (double Mean, double Deviation) Moments(float[] scores)
    {
        double mean = scores.Average(score => (double)score);
        return (mean, Math.Sqrt(scores.Average(score => (score - mean) * (score - mean))));
    }
}
