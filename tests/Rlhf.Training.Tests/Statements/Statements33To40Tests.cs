using Rlhf.Kernels.Policy;
using Rlhf.TestSupport;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;
using Rlhf.Training.Tests.Ppo;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on defaults, definitions, random numbers and the state before the first step.</summary>
internal sealed class Statements33To40Tests
{
    [Test]
    public void Statement33_FourEpochs_OneMiniBatch_AndAFreshShuffleEachEpoch()
    {
        var config = new PpoConfig { PerDeviceTrainBatchSize = 4, GradientAccumulationSteps = 8, NumMiniBatches = 2 };
        var batches = new MiniBatches(config);
        List<int[]> epochs = [.. Enumerable.Range(0, 3).Select(epoch => batches.Of(update: 5, epoch).SelectMany(rows => rows).ToArray())];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((new PpoConfig().NumPpoEpochs, new PpoConfig().NumMiniBatches, new PpoConfig().LearningRate), Is.EqualTo((4, 1, 3e-6)));
            Assert.That(epochs, Has.All.EquivalentTo(Enumerable.Range(0, 32)));
            Assert.That(epochs[0], Is.Not.EqualTo(epochs[1]).And.Not.EqualTo(epochs[2]));
            Assert.That(batches.Of(5, 0).Select(rows => rows.Length), Is.EqualTo(new[] { 16, 16 }));
            Assert.That(batches.Split(epochs[0][..16]), Has.All.Length.EqualTo(4));
        }
    }

    [Test]
    public void Statement34_Beta005_Temperature07_AndSamplesForReadingAreNearlyGreedy()
    {
        using var run = new TinyPpo(TinyPpo.Config);
        int[] once = [.. run.Trainer.SampleCompletions().SelectMany(sample => sample.ResponseTokens)];
        using var other = new TinyPpo(TinyPpo.Config with { Seed = 999 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That((new PpoConfig().KlCoef, new PpoConfig().Temperature), Is.EqualTo((0.05f, 0.7f)));
            Assert.That(other.Trainer.SampleCompletions().SelectMany(sample => sample.ResponseTokens), Is.EqualTo(once), "the seed does not matter");
        }
    }

    [Test]
    public void Statement35_ApproxKlIsHalfTheSquaredLogRatio_AndEntropyIsOfTheWholeDistribution()
    {
        float[] logits = [0.5f, -1, 2];
        double normalizer = logits.Sum(z => Math.Exp(z)), logsumexp = Math.Log(normalizer);
        double entropy = logsumexp - logits.Sum(z => Math.Exp(z) / normalizer * z), logprob = 2 - logsumexp;
        using Pinned<float> row = Pinned.Of(logits, 1, 3), grad = Pinned.Zeros<float>(1, 3), old = Pinned.Of([(float)logprob - 0.3f]);
        using Pinned<float> advantage = Pinned.Of([1f]), result = Pinned.Zeros<float>(1), entropies = Pinned.Zeros<float>(1);
        using Pinned<float> stats = Pinned.Zeros<float>(PpoClipStats.Length);
        using Pinned<int> target = Pinned.Of([2]);
        Small.Kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
        {
            Logits = row, Targets = target, OldLogprobs = old, Advantages = advantage, Normalizer = 1,
            Logprobs = result, Entropy = entropies, GradLogits = grad, Stats = stats,
        });
        var micro = new MicroBatchStatistics(PpoClipStats.Read(stats), default, Positions: 2, RatioSquares: 0, EntropyEverywhere: 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(micro.ApproxKl(MetricConvention.Masked), Is.EqualTo(0.5 * 0.3 * 0.3).Within(1e-6));
            Assert.That(micro.ApproxKl(MetricConvention.Trl), Is.EqualTo(0.5 * 0.3 * 0.3 / 2).Within(1e-6), "TRL divides by padding too");
            Assert.That(micro.Entropy(MetricConvention.Masked), Is.EqualTo(entropy).Within(1e-6));
        }
    }

    [Test]
    public void Statement36_DataOrderFollowsTheSeed_AndDrawsFollowTheEpisode_NotTheBatch()
    {
        using var run = new TinyPpo(TinyPpo.Config);
        using var sampler = new ResponseSampler(
            Small.Kernels, run.Policy, TinyPpo.Config, new PpoData { Prompts = [], Decode = _ => string.Empty, EosTokenId = TinyPpo.Eos });
        var prompt = new TokenText("", [1, 2]);
        using Rollout whole = sampler.Sample([prompt, prompt, prompt, prompt], firstEpisode: 0, 1, replay: false);
        using Rollout secondHalf = sampler.Sample([prompt, prompt], firstEpisode: 2, 1, replay: false);
        int[] order = new ShuffledOrder(9, 4).Take(0, 18);
        int[][] responses = [.. whole.Completions.Select(completion => completion.ResponseTokens)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(secondHalf.Completions.Select(completion => completion.ResponseTokens), Is.EqualTo(responses[2..]));
            Assert.That(responses.Select(tokens => string.Join(',', tokens)), Is.Unique, "equal prompts are answered differently");
            Assert.That(new ShuffledOrder(9, 4).Take(0, 18), Is.EqualTo(order));
            Assert.That(new ShuffledOrder(9, 5).Take(0, 18), Is.Not.EqualTo(order));
        }
    }

    [Test]
    public void Statement37_TokensBeyondTheRealVocabulary_AreNeverSampled_AndHaveNoProbability()
    {
        using var run = new TinyPpo(
            TinyPpo.Config with { SampledVocabSize = 5, StopTokenId = null, PerDeviceTrainBatchSize = 64, TotalEpisodes = 64, LoggedCompletions = 64 });
        run.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Log.Rollouts[0].SelectMany(sample => sample.ResponseTokens), Has.All.LessThan(5));
            Assert.That(run.Log[MetricNames.RatioDrift], Has.All.LessThan(1e-4), "the training forward leaves them out as well");
            Assert.That(run.Log[MetricNames.PolicyEntropy], Has.All.LessThanOrEqualTo(Math.Log(5) + 1e-5));
        }
    }

    [Test]
    public void Statement39_Ratio_BeforeTheFirstStep_IsExactlyOneWhenRecomputed_AndWithin1e4WhenSampled(
        [Values] OldLogprobs source, [Values(16, 4)] int microBatch)
    {
        using var run = new TinyPpo(TinyPpo.Config with
        {
            OldLogprobs = source, PerDeviceTrainBatchSize = microBatch, GradientAccumulationSteps = 16 / microBatch, Temperature = 0.7f,
        });
        run.Trainer.Train();
        Assert.That(run.Log[MetricNames.RatioDrift], source == OldLogprobs.Recompute ? Has.All.EqualTo(0.0) : Has.All.LessThan(1e-4));
    }

    [Test]
    public void Statement40_Kl_OfAPolicyThatIsItsReference_IsZeroPerToken([Values] OldLogprobs source, [Values] KlEstimator estimator)
    {
        using var run = new TinyPpo(TinyPpo.Config with { TotalEpisodes = 16, OldLogprobs = source, KlEstimator = estimator });
        run.Trainer.Train();
        double tolerance = source == OldLogprobs.Recompute ? 0 : 1e-4;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Log[MetricNames.Kl].First(), Is.Zero.Within(tolerance));
            Assert.That(run.Log[MetricNames.KlMax].First(), Is.Zero.Within(tolerance));
        }
    }
}
