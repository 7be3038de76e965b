using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Sft;

namespace Rlhf.Training.Tests.Sft;

[TestFixture]
internal sealed class SftTrainerTests
{
    private static readonly SftConfig Brief = new() { BatchSize = 6, MaxSteps = 4, LearningRate = 1e-3 };

    [Test]
    public void Backward_IsTheGradientOfTheLoss()
    {
        using LanguageModel model = Small.Model();
        using var loss = new LanguageModelLoss(model, Small.Kernels);
        LanguageExample[] examples = [.. Task(1, 3)];
        double normalizer = examples.Sum(example => example.TargetCount);
        model.Transformer.ZeroGradients();
        loss.Backward(examples, normalizer);
        float[] gradients = Small.Gradients(model.Transformer);
        int[] probes = [.. gradients.Select((value, i) => (Math.Abs(value), i)).OrderDescending().Take(5).Select(pair => pair.i)];

        foreach (int i in probes)
        {
            const float Step = 1e-2f;
            ref float weight = ref model.Transformer.Weights[i];
            float kept = weight;
            weight = kept + Step;
            double above = loss.Forward(examples).Loss;
            weight = kept - Step;
            double below = loss.Forward(examples).Loss;
            weight = kept;
            Assert.That(gradients[i], Is.EqualTo((above - below) / (2 * Step) / normalizer).Within(2).Percent);
        }
    }

    [Test]
    public void Train_DoesNotDependOnTheMicroBatch([Values(1, 4)] int microBatch)
    {
        // Where the true gradient is zero (key biases) it is rounding, which a tiny epsilon would blow up to a whole step.
        SftConfig config = Brief with { LearningRate = 1e-2, Optimizer = new() { Epsilon = 1e-2f } };

        float[] whole = TrainedWeights(config), split = TrainedWeights(config with { MicroBatchSize = microBatch });

        Assert.That(split, Is.EqualTo(whole).Within(2e-5f));
    }

    [Test]
    public void Train_GivesTheSameBits_FromTheSameSeed()
    {
        float[] first = TrainedWeights(Brief), second = TrainedWeights(Brief);

        Assert.Multiple(() =>
        {
            Assert.That(second, Is.EqualTo(first));
            Assert.That(TrainedWeights(Brief with { Seed = 43 }), Is.Not.EqualTo(first));
        });
    }

    [Test]
    public void Train_BeatsTokenFrequencies()
    {
        using LanguageModel model = Small.Model();
        IReadOnlyList<LanguageExample> heldOut = Task(2, 40);
        using var trainer = new SftTrainer(model, Small.Kernels, Task(1, 200), Brief with { BatchSize = 16, MaxSteps = 120, LearningRate = 1e-2 });

        var observer = new RecordingObserver();
        trainer.Train(observer, heldOut);

        LanguageModelSums evaluation = trainer.Evaluate(heldOut);
        Assert.Multiple(() =>
        {
            Assert.That(evaluation.MeanLoss, Is.LessThan(UnigramLoss(heldOut) - 1));
            Assert.That(evaluation.Perplexity, Is.EqualTo(Math.Exp(evaluation.MeanLoss)));
            Assert.That(observer.Steps[^1].Metrics[MetricNames.EvalLoss], Is.EqualTo(evaluation.MeanLoss));
            Assert.That(observer.Steps[^1].Metrics[MetricNames.TokenEntropy], Is.LessThan(observer.Steps[0].Metrics[MetricNames.TokenEntropy]));
        });
    }

    [Test]
    public void Resume_GoesOnBitForBit()
    {
        using var directory = new TemporaryDirectory();
        SftConfig config = Brief with { SaveSteps = 2, Optimizer = new AdamWOptions { EmaDecay = 0.9f } };
        using LanguageModel model = Small.Model();
        using (var trainer = new SftTrainer(model, Small.Kernels, Task(1, 10), config))
            trainer.Train(run: TrainingRun.Open(directory.Combine("run"), []));
        string checkpoint = TrainingRun.LatestCheckpoint(directory.Combine("run"));

        using LanguageModel loaded = LanguageModel.Load(TrainingRun.ModelDirectory(checkpoint));
        using var resumed = new SftTrainer(loaded, Small.Kernels, Task(1, 10), config);
        resumed.Resume(checkpoint);
        int from = resumed.Step;
        resumed.Train();

        Assert.Multiple(() =>
        {
            Assert.That(from, Is.EqualTo(2));
            Assert.That(Small.Weights(loaded.Transformer), Is.EqualTo(Small.Weights(model.Transformer)));
        });
    }

    [Test]
    public unsafe void Train_NamesTheTensorAndKeepsTheLastCheckpoint_WhenAWeightIsNaN()
    {
        using var directory = new TemporaryDirectory();
        using LanguageModel model = Small.Model();
        Parameter bad = model.Transformer.Parameters[5];
        var poison = new PoisoningObserver(afterStep: 3, () => model.Transformer.Weight(bad).Pointer[1] = float.NaN);
        using var trainer = new SftTrainer(model, Small.Kernels, Task(1, 10), Brief with { MaxSteps = 6, SaveSteps = 2, LoggingSteps = 1 });

        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Train(poison, run: TrainingRun.Open(directory.Combine("run"), [])));

        string checkpoint = TrainingRun.LatestCheckpoint(directory.Combine("run"));
        using LanguageModel kept = LanguageModel.Load(TrainingRun.ModelDirectory(checkpoint));
        Assert.Multiple(() =>
        {
            Assert.That(error!.Message, Does.Contain($"'{bad.Name}'").And.Contain("step 4"));
            Assert.That(checkpoint, Does.EndWith("checkpoint-2"));
            Assert.That(Small.Weights(kept.Transformer), Has.All.Matches<float>(float.IsFinite));
        });
    }

    /// <summary>Each token decides the next two ways: 3 t + 1 or 3 t + 2, over 40 tokens that are all alike in frequency.</summary>
    private static IReadOnlyList<LanguageExample> Task(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int[] ids = new int[random.Next(6, 20)];
            ids[0] = random.Next(40);
            for (int i = 1; i < ids.Length; i++)
                ids[i] = ((3 * ids[i - 1]) + random.Next(1, 3)) % 40;
            return new LanguageExample(ids, 1);
        })];
    }

    private static double UnigramLoss(IReadOnlyList<LanguageExample> examples)
    {
        int[] targets = [.. examples.SelectMany(example => example.Ids[1..].ToArray())];
        return -targets.GroupBy(id => id).Sum(group => (double)group.Count() / targets.Length * Math.Log((double)group.Count() / targets.Length));
    }

    private static float[] TrainedWeights(SftConfig config)
    {
        using LanguageModel model = Small.Model();
        using var trainer = new SftTrainer(model, Small.Kernels, Task(1, 10), config);
        trainer.Train();
        return Small.Weights(model.Transformer);
    }

    private sealed class PoisoningObserver(int afterStep, Action poison) : ITrainingObserver
    {
        public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
        {
            if (step == afterStep)
                poison();
        }
    }
}
