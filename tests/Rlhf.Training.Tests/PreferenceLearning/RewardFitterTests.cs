using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class RewardFitterTests
{
    private static readonly FitOptions Brief = new() { BatchPairs = 16 };

    [Test]
    public void Backward_IsTheGradientOfTheLoss_ThroughEveryMember([Values] FitTarget target)
    {
        LabelledPair[] pairs = [.. Toy.Pairs(3, 12)];
        pairs[4] = pairs[4] with { FirstWeight = 0.5f };
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief with { Target = target });
        ensemble.Network.ZeroGradients();
        fitter.Backward(pairs);
        View<float> gradients = ensemble.Network.Gradients, weights = ensemble.Network.Weights;
        float[] analytic = [.. Enumerable.Range(0, gradients.Rows).Select(i => gradients[i])];

        foreach (int i in Probes(ensemble, analytic))
        {
            const float Step = 4e-3f;
            float kept = weights[i];
            weights[i] = kept + Step;
            double above = fitter.Backward(pairs);
            weights[i] = kept - Step;
            double below = fitter.Backward(pairs);
            weights[i] = kept;
            Assert.That(analytic[i], Is.EqualTo((above - below) / (2 * Step)).Within(3).Percent, $"weight {i}");
        }
    }

    [Test]
    public void TrainingAndValidation_NeverShareAPair()
    {
        // Held-out labels are random, and the bag is learned by heart: only a leak could bring the validation accuracy above chance.
        LabelledPair[] pairs = Toy.Pairs(5, 40, errors: 1);
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief with { LabelNoise = 0, Regularization = new() { Enabled = false } });
        fitter.Fit(pairs, 1500);
        FitReport report = fitter.Fit(pairs, 100);
        Assert.Multiple(() =>
        {
            Assert.That(report.TrainAccuracy.Share, Is.GreaterThan(0.97));
            Assert.That(report.ValidationAccuracy.Share, Is.InRange(0.25, 0.75));
            Assert.That(report.ValidationAccuracy.Decisive / (report.ValidationAccuracy.Decisive + (100 * 16 * 3)), Is.InRange(0.2, 0.35));
        });
    }

    [Test]
    public void Fit_LearnsTheReward_FromComparisonsWithErrors()
    {
        LabelledPair[] pairs = Toy.Pairs(7, 500, errors: 0.1), heldOut = Toy.Pairs(8, 400);
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief);
        fitter.Fit(pairs, 1500);
        (float[] observations, float[] actions, float[] rewards) = Toy.Steps(9, 1000);
        float[] predictions = new float[3 * 1000], learned = new float[1000];
        ensemble.Predict(observations, actions, predictions);
        ensemble.Calibrate(predictions);
        ensemble.Scale.Apply(predictions, learned);
        Assert.Multiple(() =>
        {
            Assert.That(PairPredictions.Of(ensemble, heldOut).Accuracy(heldOut).Share, Is.GreaterThan(0.85));
            Assert.That(Correlation.Of(learned, rewards), Is.GreaterThan(0.8));
        });
    }

    [Test]
    public void Fit_GivesTheSameBits_FromTheSameSeed()
    {
        LabelledPair[] pairs = Toy.Pairs(7, 50);
        float[] first = Fitted(pairs, Brief), second = Fitted(pairs, Brief);
        Assert.Multiple(() =>
        {
            Assert.That(second, Is.EqualTo(first));
            Assert.That(Fitted(pairs, Brief with { Seed = 2 }), Is.Not.EqualTo(first));
        });
    }

    [Test]
    public void Fit_DoesNotDependOnHowItsStepsAreCut()
    {
        LabelledPair[] pairs = Toy.Pairs(7, 50);
        Assert.That(Fitted(pairs, Brief, 13, 27), Is.EqualTo(Fitted(pairs, Brief, 40)));
    }

    [Test]
    public void Members_DoNotTouchEachOther()
    {
        // The first member's losses, alone and among three: nothing is shared but the minibatch.
        LabelledPair[] pairs = Toy.Pairs(7, 50);
        using RewardEnsemble one = Toy.Ensemble(pairs, members: 1), three = Toy.Ensemble(pairs, members: 3);
        Assert.That(First(one), Is.EqualTo(First(three)).Within(1e-6), "first weights");
        using var alone = new RewardFitter(one, Small.Kernels, Brief);
        using var among = new RewardFitter(three, Small.Kernels, Brief);
        // Few steps: products of other shapes round differently, and Adam makes whole steps of the rounding of gradients near zero.
        alone.Fit(pairs, 6);
        among.Fit(pairs, 6);
        Assert.That(First(three), Is.EqualTo(First(one)).Within(1e-4));

        float[] First(RewardEnsemble ensemble)
        {
            (float[] observations, float[] actions, _) = Toy.Steps(1, 20);
            float[] predictions = new float[ensemble.Members * 20];
            ensemble.Predict(observations, actions, predictions);
            return predictions[..20];
        }
    }

    [Test]
    public void Loss_CountsOneAnswerInTenAsRandom()
    {
        // A member that is sure and wrong pays −log 0.05 and not more: P' = 0.9 P + 0.05.
        LabelledPair pair = new(Bagged(), Toy.Clip([9, 0], [1]), Toy.Clip([-9, 0], [-1]), 1);
        using RewardEnsemble ensemble = Toy.Ensemble([pair], members: 1);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief);
        using var wrong = new RewardFitter(ensemble, Small.Kernels, Brief);
        fitter.Fit([pair], 500);
        double loss = wrong.Backward([pair with { FirstWeight = 0 }]) / Bootstrap.Count(1, 0, pair.Id);
        Assert.That(loss, Is.EqualTo(-Math.Log(0.05)).Within(0.15));
    }

    [Test]
    public void Comparison_IsOfUndiscountedSums()
    {
        // Only when a step stands changes: the loss must not.
        LabelledPair pair = new(Bagged(), Toy.Clip([1, 0, 0, 2], [0.5f, -0.5f]), Toy.Clip([0, 1, 1, 1], [0, 0]), 1);
        LabelledPair turned = pair with { First = Toy.Clip([0, 2, 1, 0], [-0.5f, 0.5f]) };
        using RewardEnsemble ensemble = Toy.Ensemble([pair]);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief);
        Assert.That(fitter.Backward([turned]), Is.EqualTo(fitter.Backward([pair])).Within(1e-6));
    }

    [Test]
    public void Collapsed_MemberStartsOver_AndLearns()
    {
        LabelledPair[] pairs = Toy.Pairs(7, 300);
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        View<float> dead = ensemble.Network.MemberWeights(1);
        for (int i = 0; i < dead.Rows; i++)
            dead[i] = 0;

        List<int> restarted = [];
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief) { Collapsed = restarted.Add };
        fitter.Fit(pairs, 200);
        Assert.That(restarted, Is.EqualTo(new[] { 1 }));
        Assert.That(fitter.Collapses, Is.EqualTo(1));
        FitReport report = fitter.Fit(pairs, 600);
        Assert.That(report.TrainLoss, Is.LessThan(0.8 * Math.Log(2)));
        Assert.That(fitter.Regularization, Is.All.InRange(1e-6, 0.3));
        Assert.That(restarted, Has.Count.EqualTo(1), "it lives");
    }

    [Test]
    public void Ties_AreNoCollapse()
    {
        LabelledPair[] pairs = [.. Toy.Pairs(7, 60).Select(pair => pair with { FirstWeight = 0.5f })];
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief);
        fitter.Fit(pairs, 1200);
        Assert.That(fitter.Collapses, Is.Zero);
    }

    [Test]
    public void Regularization_BringsTheRatioIntoTheBand()
    {
        LabelledPair[] pairs = Toy.Pairs(7, 300, errors: 0.1);
        FitReport free = Settled(pairs, new() { Enabled = false }, out _), held = Settled(pairs, new(), out int collapses);
        Assert.Multiple(() =>
        {
            Assert.That(free.Ratio, Is.GreaterThan(1.8), "without it the bag is learned by heart");
            Assert.That(held.Ratio, Is.InRange(1.05, 1.6));
            Assert.That(held.TrainLoss, Is.LessThan(0.7 * Math.Log(2)), "not by dying");
            Assert.That(collapses, Is.Zero);
        });
    }

    [Test]
    public void Regularization_ThatRunsAway_IsSeenAndUndone()
    {
        // The trap: one random answer in one, so that nothing generalises, an old rule without a bound, and a ratio that reads 1 in the end.
        LabelledPair[] pairs = Toy.Pairs(5, 60, errors: 1);
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief with { Regularization = new() { Maximum = 1e3, Factor = 3, WindowSteps = 8 } });
        fitter.Fit(pairs, 1500);
        Assert.That(fitter.Collapses, Is.GreaterThan(0));
    }

    [Test]
    public void FewLabels_AreEnoughToBegin([Values(1, 2, 5)] int count)
    {
        LabelledPair[] pairs = Toy.Pairs(7, count);
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief);
        FitReport report = fitter.Fit(pairs, 50);
        Assert.That(report.Steps, Is.EqualTo(50));
        Assert.That(Enumerable.Range(0, ensemble.Network.Weights.Rows).Select(i => ensemble.Network.Weights[i]), Is.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void Checkpoint_GoesOnWithTheSameBits()
    {
        string directory = Directory.CreateTempSubdirectory("rlhf-fit-").FullName;
        try
        {
            // A multiple of the window, since what is inside one is not kept.
            LabelledPair[] pairs = Toy.Pairs(7, 50);
            FitOptions options = Brief with { Regularization = new() { WindowSteps = 10 } };
            using RewardEnsemble first = Toy.Ensemble(pairs), second = Toy.Ensemble([], seed: 99);
            using var before = new RewardFitter(first, Small.Kernels, options);
            before.Fit(pairs, 20);
            first.Save(directory);
            before.Save(directory);
            before.Fit(pairs, 20);

            second.Load(directory);
            using var after = new RewardFitter(second, Small.Kernels, options);
            after.Load(directory);
            after.Fit(pairs, 20);
            Assert.That(Weights(second), Is.EqualTo(Weights(first)));
            Assert.That(after.Regularization, Is.EqualTo(before.Regularization));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void ClipsOfSeveralLengths_AreRefusedByName()
    {
        LabelledPair[] pairs = [.. Toy.Pairs(7, 2), .. Toy.Pairs(7, 3, length: 5)[2..]];
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief);
        Assert.That(
            () => fitter.Fit(pairs, 1),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo("label 3: clips of 5 and 5 steps, expected 8 as in the first label"));
    }

    [Test]
    public void TargetRegression_NeedsTrueReturns()
    {
        LabelledPair[] pairs = [.. Toy.Pairs(7, 2).Select(pair => pair with { FirstReturn = float.NaN })];
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief with { Target = FitTarget.Returns });
        Assert.That(() => fitter.Fit(pairs, 1), Throws.TypeOf<DataFormatException>().With.Message.Contains("no true return"));
    }

    private static FitReport Settled(LabelledPair[] pairs, RegularizationOptions regularization, out int collapses)
    {
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, Brief with { Regularization = regularization });
        fitter.Fit(pairs, 2500);
        FitReport report = fitter.Fit(pairs, 500);
        collapses = fitter.Collapses;
        return report;
    }

    private static float[] Weights(RewardEnsemble ensemble) =>
        [.. Enumerable.Range(0, ensemble.Network.Weights.Rows).Select(i => ensemble.Network.Weights[i])];

    private static float[] Fitted(LabelledPair[] pairs, FitOptions options, params int[] steps)
    {
        using RewardEnsemble ensemble = Toy.Ensemble(pairs);
        using var fitter = new RewardFitter(ensemble, Small.Kernels, options);
        foreach (int count in steps.Length > 0 ? steps : [40])
            fitter.Fit(pairs, count);
        return Weights(ensemble);
    }

    // A label that the first member trains on.
    private static long Bagged() => Enumerable.Range(1, 100).First(label => Bootstrap.Count(1, 0, label) == 1);

    // The largest entries of each member.
    private static IEnumerable<int> Probes(RewardEnsemble ensemble, float[] gradients) =>
        Enumerable.Range(0, ensemble.Members).SelectMany(member => Enumerable.Range(0, ensemble.Network.WeightsPerMember)
            .Select(i => (member * ensemble.Network.WeightsPerMember) + i).OrderByDescending(i => Math.Abs(gradients[i])).Take(4));
}
