using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Models;
using Rlhf.TestSupport;
using Rlhf.Training.Metrics;
using Rlhf.Training.Optimization;
using Rlhf.Training.Ppo;
using Rlhf.Training.Tests.Ppo;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on the optimizer and on how the four models start.</summary>
internal sealed class Statements01To07Tests
{
    [Test]
    public void Statement01_AdamEpsilon_Is1e5_And1e8UnderTrl([Values] bool trl)
    {
        PpoConventions conventions = trl ? PpoConventions.Trl : PpoConventions.Default;
        double epsilon = trl ? 1e-8 : 1e-5, gradient = 1e-5;
        Assert.That(FirstStep(conventions, gradient), Is.EqualTo(0.1 * gradient / (gradient + epsilon)).Within(1e-5));
    }

    [Test]
    public void Statement02_TensorFlowEpsilon_StandsBeforeBiasCorrection_AndMakesTheFirstStepsSmaller()
    {
        const double Gradient = 1e-5, Epsilon = 1e-5, Beta1 = 0.9, Beta2 = 0.999;
        double tensorFlow = 0.1 * Math.Sqrt(1 - Beta2) / (1 - Beta1) * (1 - Beta1) * Gradient / ((Math.Sqrt(1 - Beta2) * Gradient) + Epsilon);
        double torch = 0.1 * Gradient / (Gradient + Epsilon);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(FirstStep(PpoConventions.LmHumanPreferences, Gradient), Is.EqualTo(tensorFlow).Within(1e-5));
            Assert.That(FirstStep(PpoConventions.Default, Gradient), Is.EqualTo(torch).Within(1e-5));
            Assert.That(torch, Is.GreaterThan(10 * tensorFlow));
        }
    }

    [Test]
    public void Statement03_LearningRate_FallsLinearlyToZeroOverUpdates_OrStays([Values] bool linear)
    {
        using var run = new TinyPpo(TinyPpo.Config with
        {
            TotalEpisodes = 64, LearningRate = 1e-3, Schedule = linear ? ScheduleKind.Linear : ScheduleKind.Constant,
        });
        run.Trainer.Train();
        double[] expected = linear ? [1e-3, 7.5e-4, 5e-4, 2.5e-4] : [1e-3, 1e-3, 1e-3, 1e-3];
        Assert.That(run.Log[MetricNames.LearningRate], Is.EqualTo(expected).Within(1e-9));
    }

    [Test]
    public void Statement04_RewardHead_StartsNormalWithDeviationOneOverRootOfWidthPlusOne_BiasZero()
    {
        using LanguageModel layers = Small.Model();
        List<float> weights = [];
        for (ulong seed = 0; seed < 100; seed++)
        {
            using ScalarModel model = ScalarModel.FromLayers(layers.Transformer, seed, headBias: true);
            View<float> weight = model.Transformer.Weight(model.Transformer.Find("score.weight"));
            for (int i = 0; i < weight.Cols; i++)
                weights.Add(weight[0, i]);
            Assert.That(model.Transformer.Weight(model.Transformer.Find("score.bias"))[0], Is.Zero);
        }

        double deviation = Math.Sqrt(weights.Average(w => (double)w * w));
        Assert.That(deviation, Is.EqualTo(1 / Math.Sqrt(17)).Within(0.05 / Math.Sqrt(17)));
    }

    [Test]
    public void Statement05_ValueHead_StartsAtZero_OrRandom([Values] bool zero)
    {
        using LanguageModel layers = Small.Model();
        using ScalarModel value = ScalarModel.FromLayers(layers.Transformer, seed: 3, zeroHead: zero);
        using var reward = new RewardModelReward(value);
        float[] scores = new float[2];
        reward.Score([new Completion("", [1, 2], "", [3]), new Completion("", [4], "", [5, 6])], scores);
        Assert.That(scores, zero ? Is.All.Zero : Is.All.Not.Zero);
    }

    [Test]
    public void Statement06_ValueModel_IsANetworkOfItsOwn_StartedFromTheRewardModel()
    {
        using LanguageModel layers = LanguageModel.Initialize(
            ModelConfig.SmallGpt2(TinyPpo.Vocabulary, hiddenSize: 16, layers: 2, heads: 2, maxPositions: 64), 5);
        using ScalarModel rewardModel = ScalarModel.FromLayers(layers.Transformer, 9);
        ScalarModel value = rewardModel.Clone();
        float[] before = Small.Weights(rewardModel.Transformer);
        Assert.That(Small.Weights(value.Transformer), Is.EqualTo(before));

        using var run = new TinyPpo(TinyPpo.Config, value: value);
        run.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Small.Weights(value.Transformer), Is.Not.EqualTo(before));
            Assert.That(Small.Weights(rewardModel.Transformer), Is.EqualTo(before));
            Assert.That(Small.Weights(run.Policy.Transformer), Is.Not.EqualTo(Small.Weights(run.Reference.Transformer)));
        }
    }

    [Test]
    public void Statement07_Dropout_IsOff_InTrainingAndScoring()
    {
        using LanguageModel model = Small.Model();
        using Pinned<int> ids = Pinned.Of([1, 2, 3, 4], 1, 4);
        var tokens = new TokenBatch { InputIds = ids };
        float[] scoring = Hidden(model, tokens, keep: false), training = Hidden(model, tokens, keep: true), again = Hidden(model, tokens, keep: true);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(training, Is.EqualTo(again));
            Assert.That(training, Is.EqualTo(scoring).Within(1e-6));
        }
    }

    private static float[] Hidden(LanguageModel model, TokenBatch tokens, bool keep)
    {
        ReadOnlyView<float> hidden = model.Transformer.Forward(tokens, keep: keep);
        return [.. Enumerable.Range(0, hidden.Rows * hidden.Cols).Select(i => hidden[i / hidden.Cols, i % hidden.Cols])];
    }

    /// <summary>How far one weight moves in the first step at rate 0.1, under a convention's Adam.</summary>
    private static double FirstStep(PpoConventions conventions, double gradient)
    {
        AdamWOptions options = PpoOptimizers.Options(new PpoConfig { Conventions = conventions, MaxGradNorm = null }, emaDecay: null);
        using Pinned<float> weight = Pinned.Of([0f]), grad = Pinned.Of([(float)gradient]), m = Pinned.Of([0f]), v = Pinned.Of([0f]);
        Small.Kernels.AdamW(new AdamWArgs
        {
            Parameters = weight,
            Gradients = grad,
            Moment1 = m,
            Moment2 = v,
            Step = 1,
            LearningRate = 0.1f,
            Beta1 = options.Beta1,
            Beta2 = options.Beta2,
            Epsilon = options.Epsilon,
            EpsilonForm = options.EpsilonForm,
        });
        return -weight.Span[0];
    }
}
