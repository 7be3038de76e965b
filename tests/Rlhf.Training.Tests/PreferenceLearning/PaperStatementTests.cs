using Rlhf.Models.Networks;
using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

/// <summary>What Christiano et al. 2017 state of reward model, queries and schedule, one test each where no other test has it.</summary>
internal sealed class PaperStatementTests
{
    private static readonly PreferenceOptions Defaults = new();

    [Test]
    public void Loss_IsTheCrossEntropyOfEquationOne()
    {
        // −μ(1) log P − μ(2) log(1 − P), P = 0.9·exp R1 / (exp R1 + exp R2) + 0.05, in double from the network's own rewards.
        LabelledPair[] pairs = [.. Toy.Pairs(3, 6)];
        pairs[2] = pairs[2] with { FirstWeight = 0.5f };
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, new FitOptions());
        PairPredictions predictions = PairPredictions.Of(ensemble, pairs);
        double expected = 0;
        for (int m = 0; m < 3; m++)
        {
            for (int i = 0; i < pairs.Length; i++)
            {
                double p = (0.9 * predictions.Probability(m, i)) + 0.05, label = pairs[i].FirstWeight;
                expected += Bootstrap.Count(1, m, pairs[i].Id) * ((-label * Math.Log(p)) - ((1 - label) * Math.Log(1 - p))) / pairs.Length;
            }
        }

        Assert.That(fitter.Backward(pairs), Is.EqualTo(expected).Within(1e-5));
    }

    [Test]
    public void RobotsModel_HasTwoHiddenLayersOf64_LeakyReluOf001_OneOutput() => Assert.That(
        RewardNetworks.Spec(Toy.Input, new RewardModelOptions()).ToString(),
        Is.EqualTo("3 × [3] → linear 64 → leaky relu 0.01 → linear 64 → leaky relu 0.01 → linear 1"));

    [Test]
    public void PixelModel_HasFourConvolutionsWithBatchNormAndDropout_Then64Units()
    {
        NetworkSpec spec = RewardNetworks.Spec(new RewardInput(Toy.PixelSpec), new RewardModelOptions());
        string[] kernels = ["7×7/3", "5×5/2", "3×3/1", "3×3/1"];
        Assert.That(spec.ToString(), Is.EqualTo(
            "3 × [4, 84, 84] → " + string.Concat(kernels.Select(kernel => $"conv 16 {kernel} → batch norm → leaky relu 0.01 → dropout 0.5 → "))
            + "flatten → linear 64 → leaky relu 0.01 → linear 1"));
    }

    [Test]
    public void PixelModel_RunsOnClips_AndLearns()
    {
        // Bright is better. Two clips of two stacks a pair.
        var input = new RewardInput(Toy.PixelSpec);
        var random = new Random(1);
        LabelledPair[] pairs = [.. Enumerable.Range(1, 12).Select(id =>
        {
            int first = random.Next(256), second = random.Next(256);
            return new LabelledPair(id, Flat(input, first), Flat(input, second), first > second ? 1 : first == second ? 0.5f : 0);
        })];
        using var ensemble = new RewardEnsemble(input, new RewardModelOptions(), 1);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, new FitOptions { BatchPairs = 6 });
        fitter.Fit(pairs, 40);
        float[] predictions = new float[3 * 4];
        ensemble.Predict([Flat(input, 240), Flat(input, 20)], predictions);
        Assert.That(Enumerable.Range(0, 3).Count(m => predictions[4 * m] > predictions[(4 * m) + 2]), Is.GreaterThanOrEqualTo(2));
    }

    [Test]
    public void Ensemble_HasThreeMembers() => Assert.That(Defaults.RewardModel.Members, Is.EqualTo(3));

    [Test]
    public void AnswersAreTakenForRandom_InOneOfTen() => Assert.That(Defaults.Fit.LabelNoise, Is.EqualTo(0.1f));

    [Test]
    public void ValidationLoss_IsHeldBetween11And15TimesTrainingLoss() =>
        Assert.That((Defaults.Fit.Regularization.LowRatio, Defaults.Fit.Regularization.HighRatio), Is.EqualTo((1.1, 1.5)));

    [TestCase(false, 1.0)]
    [TestCase(true, 0.05)]
    public void Rewards_HaveDeviation1ForRobots_And005ForPixels(bool pixels, double deviation)
    {
        using var ensemble = new RewardEnsemble(new RewardInput(pixels ? Toy.PixelSpec : Toy.Spec), new RewardModelOptions { Members = 1 }, 1);
        Assert.That(ensemble.RewardStd, Is.EqualTo(deviation));
    }

    [Test]
    public void PixelModel_IsPretrainedFor200Epochs_OnTheLast3000Labels() =>
        Assert.That((PreferenceOptions.Pixels.InitialEpochs, PreferenceOptions.Pixels.LabelCapacity), Is.EqualTo((200, 3000)));

    [Test]
    public void Model_SeesOneLabelForTenSteps() => Assert.That(PreferenceOptions.Pixels.LabelsPerStep, Is.EqualTo(0.1));

    [Test]
    public void Candidates_AreTenTimesWhatIsAsked_AndChosenByVariance() =>
        Assert.That((Defaults.CandidateFactor, Defaults.Queries), Is.EqualTo((10, SelectionRule.Variance)));

    [Test]
    public void FirstLabels_AreAQuarterForRobots_And500ForPixels() =>
        Assert.That((Defaults.LabelsAtStart, PreferenceOptions.Pixels.LabelsAtStart), Is.EqualTo((175, 500)));

    [Test]
    public void Rate_FallsAsTheInverseOfTwoMillionSteps_PixelsFiveMillionFrames()
    {
        double Scale(PreferenceOptions options, int framesPerStep) => options.Schedule(Toy.Spec with { FramesPerStep = framesPerStep }, 50_000_000).Scale;
        Assert.That((Scale(Defaults, 1), Scale(PreferenceOptions.Pixels, 4), Scale(PreferenceOptions.Pixels, 1)), Is.EqualTo((2e6, 1.25e6, 5e6)));
    }

    [Test]
    public void Ablations_TakeAwayWhatTheyName()
    {
        PreferenceOptions Without(Ablation ablation) => Defaults.Without(ablation);
        Assert.Multiple(() =>
        {
            Assert.That(Without(Ablation.None), Is.EqualTo(Defaults));
            Assert.That(Without(Ablation.RandomQueries), Is.EqualTo(Defaults with { Queries = SelectionRule.Random }));
            Assert.That(Without(Ablation.NoEnsemble).RewardModel.Members, Is.EqualTo(1));
            Assert.That(Without(Ablation.NoEnsemble).Queries, Is.EqualTo(SelectionRule.Random), "one member has no variance");
            Assert.That(Without(Ablation.NoOnlineQueries).LabelsAtStart, Is.EqualTo(700));
            Assert.That(Without(Ablation.NoRegularization).Fit.Regularization.Enabled, Is.False);
            Assert.That(Without(Ablation.NoRegularization).RewardModel.Dropout, Is.EqualTo(0.5f), "dropout stays");
            Assert.That(Without(Ablation.NoSegments).ClipLength, Is.EqualTo(1));
            Assert.That(Without(Ablation.Target).Fit.Target, Is.EqualTo(FitTarget.Returns));
        });
    }

    [Test]
    public void WithoutL2_NothingPullsAtTheWeights()
    {
        // imitation's AdamW decays weights by 0.01 beside the regulariser. Of equal clips nothing can be learned, so nothing may move.
        RewardClip clip = Toy.Clip([1, 2, 3, 4], [0.5f, 0.1f]);
        LabelledPair[] pairs = [.. Enumerable.Range(1, 20).Select(id => new LabelledPair(id, clip, clip, 0.5f))];
        using RewardEnsemble ensemble = Toy.Ensemble(Toy.Pairs(1, 5));
        float[] before = Weights(ensemble);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, new FitOptions { Regularization = new() { Enabled = false } });
        fitter.Fit(pairs, 20);
        Assert.That(Weights(ensemble), Is.EqualTo(before).Within(1e-6f));
    }

    private static float[] Weights(RewardEnsemble ensemble) =>
        [.. Enumerable.Range(0, ensemble.Network.Weights.Rows).Select(i => ensemble.Network.Weights[i])];

    private static RewardClip Flat(RewardInput input, int grey)
    {
        float[] frames = new float[2 * input.Length];
        Array.Fill(frames, grey / 255f);
        return new RewardClip(input, new Segment { RunId = 1, Step = 0, Length = 2, ObservationShape = [4, 84, 84], Observations = frames, Actions = new float[2] });
    }
}
