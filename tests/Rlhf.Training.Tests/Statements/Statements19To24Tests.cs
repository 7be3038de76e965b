using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;
using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.TestSupport;
using Rlhf.Training.Data;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;
using Rlhf.Training.Tests.Ppo;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on responses: where they end, how they are sampled, what they earn a token.</summary>
internal sealed class Statements19To24Tests
{
    [Test]
    public void Statement19_StoppingAtEos_GivesWhatAFixedLengthAndTruncationGive()
    {
        const int Stop = 7, Pad = -1, Length = 12;
        using LanguageModel model = Small.Model(vocab: 12);
        GenerationResult all = Generate(model, Length, []), stopped = Generate(model, Length, [Stop]);
        using Pinned<int> truncated = Pinned.Of(all.Tokens, 8, Length), lengths = Pinned.Zeros<int>(8);
        ResponseTruncation.Truncate(truncated, Stop, Pad, truncated);
        ResponseTruncation.CountTokens(truncated, Stop, Pad, ResponseLengthRule.StopToken, lengths);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(all.Lengths, Has.All.EqualTo(Length));
            Assert.That(stopped.Lengths, Is.EqualTo(lengths.ToArray()).And.Some.LessThan(Length));
            for (int b = 0; b < 8; b++)
                Assert.That(stopped.Sequence(b).ToArray(), Is.EqualTo(all.Sequence(b)[..stopped.Lengths[b]].ToArray()));
        }
    }

    [TestCase(0, new[] { 5, 9, -1, -1, -1, -1 })]
    [TestCase(2, new[] { 5, 9, 6, 9, -1, -1 })]
    public void Statement20_Truncation_IsAtTheFirstStopTokenAtOrAfterTruncateAfter(int truncateAfter, int[] expected)
    {
        using Pinned<int> responses = Pinned.Of([5, 9, 6, 9, 7, 9], 1, 6);
        ResponseTruncation.Truncate(responses, stopTokenId: 9, padTokenId: -1, responses, truncateAfter);
        Assert.That(responses.ToArray(), Is.EqualTo(expected));
    }

    [TestCase(MissingEosRule.Subtract, 9f)]
    [TestCase(MissingEosRule.Replace, -1f)]
    public void Statement21_MissingEos_SubtractsFromTheScoreOrReplacesIt(MissingEosRule rule, float expected)
    {
        PpoConventions conventions = PpoConventions.Default with { MissingEos = rule };
        using RolloutBatch batch = RolloutBatches.Of(3, [2, 3], conventions, hasEos: [true, false]);
        RewardShaping.Apply(Small.Kernels, batch, 0, KlEstimator.K1, missingEosPenalty: 1, conventions);
        Assert.That(TrlFixture.ToArray(batch.FinalScores), Is.EqualTo(new[] { 10f, expected }));
    }

    [Test]
    public void Statement21_EosTest_IsOfTheStopToken_OrOfEosAsTrlHasIt([Values] EosTest test)
    {
        // The stop token is not the tokenizer's EOS: TRL's test then charges responses that stopped well.
        PpoConfig config = TinyPpo.Config with
        {
            StopTokenId = 3, ResponseLength = 40, TotalEpisodes = 16, Conventions = PpoConventions.Default with { EosTest = test },
        };
        using var run = new TinyPpo(config);
        run.Trainer.Train();
        double missing = run.Log[MetricNames.TruncatedShare].Single();
        Assert.That(missing, test == EosTest.StopToken ? Is.LessThan(0.5) : Is.GreaterThan(0.1));
    }

    [Test]
    public void Statement22_Temperature_DividesTheLogits_WhenSamplingAndWhenRecomputing([Values(0.5f, 1f, 2f)] float temperature)
    {
        using var run = new TinyPpo(TinyPpo.Config with { Temperature = temperature, TotalEpisodes = 16 });
        run.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Log[MetricNames.RatioDrift], Has.All.LessThan(1e-4), "policy");
            Assert.That(run.Log[MetricNames.Kl].First(), Is.Zero.Within(1e-4), "reference");
            Assert.That((new PpoConfig().TopK, new PpoConfig().TopP), Is.EqualTo((0, 1f)));
        }
    }

    [Test]
    public void Statement22_TopKLogprobs_AreOfTheFullDistribution_UnlessAskedOtherwise([Values] bool truncated)
    {
        using var run = new TinyPpo(TinyPpo.Config with { TopK = 3, TruncatedLogprobs = truncated, TotalEpisodes = 16 });
        run.Trainer.Train();
        Assert.That(run.Log[MetricNames.RatioDrift].Single(), truncated ? Is.GreaterThan(0.1) : Is.LessThan(1e-4));
    }

    [Test]
    public void Statement23_RolloutLogprobs_AreThoseOfTheDraw()
    {
        PpoConfig config = TinyPpo.Config with { TotalEpisodes = 16 };
        using var run = new TinyPpo(config);
        using var sampler = new ResponseSampler(
            Small.Kernels,
            run.Policy,
            config,
            new PpoData { Prompts = [], Decode = _ => string.Empty, EosTokenId = TinyPpo.Eos });
        using Rollout rollout = sampler.Sample([new TokenText("", [1, 2, 3]), new TokenText("", [4])], firstEpisode: 7, config.Temperature, replay: false);
        using Pinned<int> prompts = Pinned.Of([1, 2, 3, 0, 0, 4], 2, 3), positions = Pinned.Of([0, 1, 2, 0, 0, 0], 2, 3);
        using Pinned<byte> mask = Pinned.Of<byte>([1, 1, 1, 0, 0, 1], 2, 3);
        using var generator = new Generator(run.Policy);
        GenerationResult drawn = generator.Generate(
            new TokenBatch { InputIds = prompts, Mask = mask, Positions = positions },
            new CategoricalSampler(Small.Kernels, config.Seed),
            new GenerationOptions { MaxNewTokens = 6, StopTokens = [TinyPpo.Eos], FirstSequence = 7 });
        for (int b = 0; b < 2; b++)
        {
            View<float> logprobs = rollout.Batch.Logprobs;
            Assert.That(Enumerable.Range(0, drawn.Lengths[b]).Select(t => logprobs[b, t]), Is.EqualTo(drawn.SequenceLogprobs(b).ToArray()));
        }
    }

    [TestCase(ScorePlacement.LastToken, new[] { -0.05f, 9.95f, 0, 0 })]
    [TestCase(ScorePlacement.AfterLastToken, new[] { -0.05f, -0.05f, 10, 0 })]
    public void Statement24_Reward_IsMinusBetaTimesLogRatio_AndTheScoreAtTheEnd(ScorePlacement placement, float[] expected)
    {
        PpoConventions conventions = PpoConventions.Default with { ScorePlacement = placement };
        using RolloutBatch batch = RolloutBatches.Of(4, [2], conventions);
        RewardShaping.Apply(Small.Kernels, batch, klCoef: 0.1f, KlEstimator.K1, null, conventions);
        Assert.That(TrlFixture.ToArray(batch.ShapedRewards), Is.EqualTo(expected).Within(1e-6));
    }

    private static GenerationResult Generate(LanguageModel model, int length, int[] stop)
    {
        using Pinned<int> prompts = Pinned.Of([.. Enumerable.Range(0, 8)], 8, 1);
        using var generator = new Generator(model);
        return generator.Generate(
            new TokenBatch { InputIds = prompts },
            new CategoricalSampler(Small.Kernels, seed: 3),
            new GenerationOptions { MaxNewTokens = length, StopTokens = stop, PadToken = -1 });
    }
}
