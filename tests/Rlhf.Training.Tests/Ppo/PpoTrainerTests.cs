using Rlhf.Models;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

internal sealed class PpoTrainerTests
{
    [Test]
    public void Train_RaisesARewardThatCountsOneToken()
    {
        PpoConfig config = TinyPpo.Config with
        {
            PerDeviceTrainBatchSize = 64, TotalEpisodes = 64 * 12, NumPpoEpochs = 4, KlCoef = 0.01f, LearningRate = 1e-2,
        };
        using var run = new TinyPpo(config);
        run.Trainer.Train();
        Assert.That(run.Log[MetricNames.Scores].TakeLast(2).Average(), Is.GreaterThan(run.Log[MetricNames.Scores].First() + 0.5));
    }

    [Test]
    public void Train_StaysCloserToTheReference_UnderALargerKlCoefficient()
    {
        PpoConfig config = TinyPpo.Config with { PerDeviceTrainBatchSize = 64, TotalEpisodes = 64 * 12, LearningRate = 1e-2 };
        using var loose = new TinyPpo(config with { KlCoef = 0 });
        using var tight = new TinyPpo(config with { KlCoef = 1 });
        loose.Trainer.Train();
        tight.Trainer.Train();
        Assert.That(tight.Log[MetricNames.Kl].Last(), Is.LessThan(0.5 * loose.Log[MetricNames.Kl].Last()));
    }

    [Test]
    public void MicroBatches_BoundMemoryAndChangeNothing()
    {
        PpoConfig config = TinyPpo.Config with { TotalEpisodes = 16 };
        using var whole = new TinyPpo(config);
        using var split = new TinyPpo(config with { PerDeviceTrainBatchSize = 2, GradientAccumulationSteps = 8 });
        float[] before = TinyPpo.Weights(whole.Policy.Transformer);
        whole.Trainer.Train();
        split.Trainer.Train();
        float[] after = TinyPpo.Weights(whole.Policy.Transformer);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(LargestDifference(before, after), Is.GreaterThan(1e-3), "the run must train");
            Assert.That(LargestDifference(after, TinyPpo.Weights(split.Policy.Transformer)), Is.LessThan(2e-5));
            Assert.That(
                LargestDifference(TinyPpo.Weights(whole.Value.Transformer), TinyPpo.Weights(split.Value.Transformer)), Is.LessThan(2e-5));
        }
    }

    [Test]
    public void OptimizerSteps_AreEpochsTimesMiniBatches_WhateverTheAccumulation([Values(1, 4)] int accumulation)
    {
        using var run = new TinyPpo(TinyPpo.Config with
        {
            PerDeviceTrainBatchSize = 16 / accumulation, GradientAccumulationSteps = accumulation, NumPpoEpochs = 3, NumMiniBatches = 4, TotalEpisodes = 16,
        });
        run.Trainer.Train();
        Assert.That(run.Log[MetricNames.OptimizerSteps], Is.EqualTo(new[] { 12.0 }));
    }

    [Test]
    public void MaxGradNorm_BoundsTheStep_AndTheNormIsLoggedBeforeClipping()
    {
        // Below Adam's epsilon of 1e-5 a clipped gradient moves a weight by at most rate · norm / epsilon.
        PpoConfig config = TinyPpo.Config with { TotalEpisodes = 16, NumPpoEpochs = 1, NumMiniBatches = 1 };
        using var free = new TinyPpo(config with { MaxGradNorm = null });
        using var clipped = new TinyPpo(config with { MaxGradNorm = 1e-7f });
        float[] before = TinyPpo.Weights(free.Policy.Transformer);
        free.Trainer.Train();
        clipped.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(LargestDifference(before, TinyPpo.Weights(free.Policy.Transformer)), Is.GreaterThan(1e-3));
            Assert.That(LargestDifference(before, TinyPpo.Weights(clipped.Policy.Transformer)), Is.GreaterThan(0).And.LessThan(4e-5));
            Assert.That(clipped.Log[MetricNames.PolicyGradNorm], Is.EqualTo(free.Log[MetricNames.PolicyGradNorm]));
        }
    }

    [Test]
    public void TargetKl_EndsTheUpdateBeforeTheStepThatIsTooFar()
    {
        using var run = new TinyPpo(TinyPpo.Config with { TotalEpisodes = 16, TargetKl = 1e-9 });
        run.Trainer.Train();
        Assert.That(run.Log[MetricNames.OptimizerSteps], Is.EqualTo(new[] { 1.0 }));
    }

    [Test]
    public void AdaptiveKl_SteersTheCoefficientOfTheNextUpdate()
    {
        using var run = new TinyPpo(TinyPpo.Config with { AdaptiveKlTarget = 1e-3, AdaptiveKlHorizon = 100, TotalEpisodes = 48 });
        run.Trainer.Train();
        double[] coef = [.. run.Log[MetricNames.KlCoef]], kl = [.. run.Log[MetricNames.Kl]];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(coef[1], Is.EqualTo(coef[0] * (1 + (Math.Clamp((kl[0] / 1e-3) - 1, -0.2, 0.2) * 16 / 100))).Within(1e-9));
            Assert.That(coef[2], Is.EqualTo(coef[1] * (1 + (Math.Clamp((kl[1] / 1e-3) - 1, -0.2, 0.2) * 16 / 100))).Within(1e-9));
        }
    }

    [Test]
    public void NanScore_StopsByName_AndKeepsTheLastCheckpoint()
    {
        using var directory = new TemporaryDirectory();
        int scored = 0;
        using var run = new TinyPpo(
            TinyPpo.Config with { TotalEpisodes = 48, SaveSteps = 1 },
            completion => scored++ < 20 ? TinyPpo.CountWanted(completion) : double.NaN);
        TrainingRun files = TrainingRun.Open(directory.Path, []);
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(() => run.Trainer.Train(files))!;
        string checkpoint = TrainingRun.LatestCheckpoint(directory.Path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.Contain("step 2").And.Contain("'scores'").And.Contain("response 4").And.Not.Contain("\n"));
            Assert.That(Path.GetFileName(checkpoint), Is.EqualTo("checkpoint-1"));
            using LanguageModel policy = LanguageModel.Load(TrainingRun.ModelDirectory(checkpoint));
            Assert.That(TinyPpo.Weights(policy.Transformer), Is.EqualTo(TinyPpo.Weights(run.Policy.Transformer)));
        }
    }

    [Test]
    public void NanWeight_StopsAtTheFirstTensorThatShowsIt()
    {
        using var run = new TinyPpo(TinyPpo.Config);
        Rlhf.Kernels.Memory.View<float> weights = run.Value.Transformer.Weights;
        weights[weights.Rows - 1] = float.NaN;
        Assert.That(() => run.Trainer.Train(), Throws.TypeOf<TrainingDivergedException>().With.Message.Contains("'values'"));
    }

    [Test]
    public void Resume_GoesOnBitForBit()
    {
        PpoConfig config = TinyPpo.Config with { TotalEpisodes = 64, SaveSteps = 2, AdaptiveKlTarget = 1, EmaDecay = 0.9f, PtxCoef = 0.1f, PtxBatchSize = 4 };
        using var directory = new TemporaryDirectory();
        using var whole = new TinyPpo(config);
        whole.Trainer.Train();

        using (var first = new TinyPpo(config))
        {
            using var stop = new CancellationTokenSource();
            first.Log.OnStep = step => { if (step == 2) stop.Cancel(); };
            Assert.That(() => first.Trainer.Train(TrainingRun.Open(directory.Path, []), stop.Token), Throws.InstanceOf<OperationCanceledException>());
        }

        string checkpoint = TrainingRun.LatestCheckpoint(directory.Path);
        using var second = new TinyPpo(
            config,
            policy: LanguageModel.Load(TrainingRun.ModelDirectory(checkpoint)),
            value: ScalarModel.Load(PpoTrainer.ValueDirectory(checkpoint)));
        second.Trainer.Resume(checkpoint);
        second.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.Log.Steps, Has.Count.EqualTo(2));
            Assert.That(TinyPpo.Weights(second.Policy.Transformer), Is.EqualTo(TinyPpo.Weights(whole.Policy.Transformer)));
            Assert.That(TinyPpo.Weights(second.Value.Transformer), Is.EqualTo(TinyPpo.Weights(whole.Value.Transformer)));
            Assert.That(second.Log[MetricNames.Scores], Is.EqualTo(whole.Log[MetricNames.Scores].Skip(2)));
        }
    }

    [Test]
    public void Resume_RefusesAFolderWithoutState()
    {
        using var directory = new TemporaryDirectory();
        using var run = new TinyPpo(TinyPpo.Config);
        Assert.That(() => run.Trainer.Resume(directory.Path), Throws.TypeOf<DataFormatException>().With.Message.Contains("trainer_state.json"));
    }

    [Test]
    public void Finish_WritesPolicyCriticAndAverage()
    {
        using var directory = new TemporaryDirectory();
        using var run = new TinyPpo(TinyPpo.Config with { EmaDecay = 0.5f });
        float[] start = TinyPpo.Weights(run.Policy.Transformer);
        run.Trainer.Train();
        run.Trainer.Finish(TrainingRun.Open(directory.Path, []));
        using LanguageModel policy = LanguageModel.Load(TrainingRun.ModelDirectory(directory.Path));
        using LanguageModel average = LanguageModel.Load(directory.Combine("ema"));
        using ScalarModel value = ScalarModel.Load(PpoTrainer.ValueDirectory(directory.Path));
        float[] end = TinyPpo.Weights(policy.Transformer), mean = TinyPpo.Weights(average.Transformer);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(end, Is.EqualTo(TinyPpo.Weights(run.Policy.Transformer)));
            Assert.That(TinyPpo.Weights(value.Transformer), Is.EqualTo(TinyPpo.Weights(run.Value.Transformer)));
            Assert.That(LargestDifference(mean, end), Is.GreaterThan(1e-4).And.LessThan(LargestDifference(start, end)));
        }
    }

    [Test]
    public void PretrainingMix_LowersThePretrainingLoss_InTheSameSteps()
    {
        PpoConfig config = TinyPpo.Config with { TotalEpisodes = 16 * 8, LearningRate = 1e-2, PtxBatchSize = 16 };
        using var mixed = new TinyPpo(config with { PtxCoef = 5 });
        using var plain = new TinyPpo(config);
        mixed.Trainer.Train();
        plain.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mixed.Log[MetricNames.PretrainingLoss].Last(), Is.LessThan(mixed.Log[MetricNames.PretrainingLoss].First() - 0.3));
            Assert.That(mixed.Log[MetricNames.OptimizerSteps], Is.EqualTo(plain.Log[MetricNames.OptimizerSteps]));
            Assert.That(plain.Log.Steps[0].ContainsKey(MetricNames.PretrainingLoss), Is.False);
        }
    }

    [Test]
    public void EntropyBonus_KeepsThePolicyBroader()
    {
        PpoConfig config = TinyPpo.Config with { PerDeviceTrainBatchSize = 64, TotalEpisodes = 64 * 10, LearningRate = 1e-2, KlCoef = 0 };
        using var plain = new TinyPpo(config);
        using var broad = new TinyPpo(config with { EntropyCoef = 0.3f });
        plain.Trainer.Train();
        broad.Trainer.Train();
        Assert.That(broad.Log[MetricNames.PolicyEntropy].Last(), Is.GreaterThan(plain.Log[MetricNames.PolicyEntropy].Last() + 0.3));
    }

    [Test]
    public void RewardScale_GainBiasAndClip_ComeInThatOrder()
    {
        using var run = new TinyPpo(TinyPpo.Config with { TotalEpisodes = 16, RewardGain = 2, RewardBias = 1, RewardClip = 4 }, _ => 3);
        run.Trainer.Train();
        Assert.That(run.Log[MetricNames.Scores], Is.EqualTo(new[] { 4.0 }));
    }

    [Test]
    public void Logs_KeepTextBesideTokens()
    {
        using var run = new TinyPpo(TinyPpo.Config with { LoggedCompletions = 4, NumSampleGenerations = 1 });
        run.Trainer.Train();
        CompletionSample[] all = [.. run.Log.Rollouts.SelectMany(list => list), .. run.Log.Samples.SelectMany(list => list)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Log.Rollouts.Select(list => list.Count), Is.EqualTo(new[] { 4, 4 }));
            Assert.That(run.Log.Samples, Is.Not.Empty);
            Assert.That(all.Select(sample => sample.Response), Is.EqualTo(all.Select(sample => string.Join(' ', sample.ResponseTokens))));
            Assert.That(all.Select(sample => sample.Query), Is.EqualTo(all.Select(sample => string.Join(' ', sample.QueryTokens))));
            Assert.That(all.Select(sample => sample.ResponseTokens.Length), Has.All.InRange(1, 6));
        }
    }

    [Test]
    public void Metrics_OfAnUpdate_AreAllNamedAndFinite()
    {
        using var run = new TinyPpo(TinyPpo.Config);
        run.Trainer.Train();
        string[] known = [.. MetricNames.All.Select(metric => metric.Name)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Log.Steps[0].Keys, Is.SubsetOf(known));
            Assert.That(run.Log.Steps[0].Values, Has.All.Matches<double>(double.IsFinite));
            Assert.That(run.Log[MetricNames.Entropy], Has.All.Positive, "the masked entropy of responses cannot be negative");
        }
    }

    [Test]
    public void Trainer_RefusesOneModelAsPolicyAndReference()
    {
        using var run = new TinyPpo(TinyPpo.Config);
        Assert.That(
            () => new PpoTrainer(
                Small.Kernels,
                new PpoModels(run.Policy, run.Policy, run.Value),
                new FunctionReward(_ => 0),
                new PpoData { Prompts = TinyPpo.Prompts(1), Decode = _ => string.Empty, EosTokenId = null },
                TinyPpo.Config),
            Throws.ArgumentException.With.Message.Contains("same model"));
    }

    [TestCaseSource(nameof(BadSettings))]
    public void Config_RefusesASettingByName(PpoConfig config, string expected) =>
        Assert.That(config.Validate, Throws.ArgumentException.With.Message.Contains(expected));

    private static IEnumerable<TestCaseData> BadSettings()
    {
        yield return new TestCaseData(TinyPpo.Config with { NumMiniBatches = 3 }, "NumMiniBatches is 3").SetArgDisplayNames("mini-batches");
        yield return new TestCaseData(TinyPpo.Config with { Temperature = 0 }, "Temperature is 0").SetArgDisplayNames("temperature");
        yield return new TestCaseData(TinyPpo.Config with { Gamma = 1.5f }, "Gamma is 1.5").SetArgDisplayNames("gamma");
        yield return new TestCaseData(TinyPpo.Config with { MaxGradNorm = float.NaN }, "MaxGradNorm is NaN").SetArgDisplayNames("clipping");
        yield return new TestCaseData(TinyPpo.Config with { KlCoef = -1 }, "KlCoef is -1").SetArgDisplayNames("kl");
        yield return new TestCaseData(TinyPpo.Config with { TruncateAfter = 6 }, "TruncateAfter is 6").SetArgDisplayNames("truncation");
    }

    private static double LargestDifference(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
}
