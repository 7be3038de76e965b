using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Preference.PairwiseLoss;

namespace Rlhf.Kernels.Conformance.Preference;

[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class PairwiseLossTests(IKernels kernels)
{
    [Test]
    public void LossAndGradients_MatchReference(
        [Values(1, 2, 15, 16, 17, 31, 33, 129, 2048, 5000)] int n,
        [Values(0f, 0.1f, 0.001f)] float noise,
        [Values(0f, 0.05f)] float centering,
        [Values] bool soft,
        [Values] bool strided)
    {
        float[] chosen = Data.Normal(1, n, 3), rejected = Data.Normal(2, n, 3), margins = Data.Normal(3, n, 0.5);
        float[] labels = [.. Data.Integers(4, n, 5).Select(i => i / 4f)];
        Check(chosen, rejected, soft ? margins : null, soft ? labels : null, noise, centering, strided ? 2 : 1);
    }

    [Test]
    public void LossAndGradients_StayFinite_AtAnyDifference([Values(0f, 0.1f)] float noise, [Values] bool soft)
    {
        float[] chosen = [90, -90, 1e4f, -1e4f, 0, 88, -88, 50, 1e-8f], rejected = [0, 0, 0, 0, 0, 0, 0, -50, 0];
        float[] labels = [.. chosen.Select((_, i) => i % 2 == 0 ? 0.25f : 0f)];
        Check(chosen, rejected, null, soft ? labels : null, noise, 0f, 1);
    }

    [Test]
    public void Tie_CostsLogTwo_AndPullsByHalf()
    {
        var (stats, chosen, rejected) = Run([0f], [0f], null, null, 0f, 0f, 1, 1f);
        Assert.That(stats.Loss, Is.EqualTo(Math.Log(2)).Within(1e-7));
        Assert.That((chosen[0], rejected[0]), Is.EqualTo((-0.5f, 0.5f)));
        Assert.That((stats.Pairs, stats.Correct), Is.EqualTo((1.0, 0.0)));
    }

    [Test]
    public void Noise_BoundsTheLoss()
    {
        var (stats, chosen, _) = Run([-1e4f], [0f], null, null, 0.1f, 0f, 1, 1f);
        Assert.That(stats.Loss, Is.EqualTo(-Math.Log(0.05)).Within(1e-6));
        Assert.That(chosen[0], Is.Zero);
    }

    [Test]
    public void Noise_IsNotLabelSmoothing()
    {
        double noisy = Run([-3f], [0f], null, null, 0.1f, 0f, 1, 1f).Stats.Loss;
        double smoothed = Run([-3f], [0f], null, [0.95f], 0f, 0f, 1, 1f).Stats.Loss;
        Assert.That(noisy, Is.EqualTo(-Math.Log(0.05 + (0.9 / (1 + Math.Exp(3))))).Within(1e-6));
        Assert.That(smoothed - noisy, Is.GreaterThan(0.2));
    }

    [Test]
    public void Centering_PullsTheSumToZero()
    {
        var (stats, chosen, rejected) = Run([2f], [1f], null, null, 0f, 0.01f, 1, 1f);
        double sigmoid = 1 / (1 + Math.E);
        Assert.That(stats.Loss, Is.EqualTo(Math.Log(1 + Math.Exp(-1)) + 0.09).Within(1e-6));
        Assert.That(chosen[0], Is.EqualTo(-sigmoid + 0.06).Within(1e-7));
        Assert.That(rejected[0], Is.EqualTo(sigmoid + 0.06).Within(1e-7));
    }

    [Test]
    public void Statistics_AddUp_WhateverTheBatches()
    {
        var first = Run([1f, -2f], [0f, 3f], null, null, 0f, 0f, 1, 3f).Stats;
        var second = Run([4f], [-1f], null, null, 0f, 0f, 1, 3f).Stats;
        var whole = Run([1f, -2f, 4f], [0f, 3f, -1f], null, null, 0f, 0f, 1, 3f).Stats;
        var sum = first + second;
        Assert.That(sum.Loss, Is.EqualTo(whole.Loss).Within(1e-6));
        Assert.That(sum with { Loss = 0 }, Is.EqualTo(whole with { Loss = 0 }));
        Assert.That((whole.RewardMin, whole.RewardMax, whole.Accuracy), Is.EqualTo((-2.0, 4.0, 2.0 / 3)));
    }

    [Test]
    public void NoPairs_IsTheIdentity() =>
        Assert.That(Run([], [], null, null, 0f, 0f, 1, 1f).Stats, Is.EqualTo(PreferenceStats.AdditiveIdentity));

    private void Check(float[] chosen, float[] rejected, float[]? margins, float[]? labels, float noise, float centering, int stride)
    {
        float normalizer = chosen.Length;
        var actual = Run(chosen, rejected, margins, labels, noise, centering, stride, normalizer);
        var expected = Oracle.Compute(
            Data.Doubles(chosen), Data.Doubles(rejected), margins is null ? null : Data.Doubles(margins), labels is null ? null : Data.Doubles(labels),
            noise, centering, normalizer);
        Expect.Close("PairwiseLoss", "loss", actual.Stats.Loss, expected.Stats.Loss);
        Expect.Close("PairwiseLoss", "d chosen", actual.Chosen, expected.GradChosen, scale: 0.5 / normalizer);
        Expect.Close("PairwiseLoss", "d rejected", actual.Rejected, expected.GradRejected, scale: 0.5 / normalizer);
        Expect.Close("PairwiseLoss", "margin", actual.Stats.MarginSum, expected.Stats.MarginSum, scale: normalizer * 3);
        Expect.Close("PairwiseLoss", "rewards", actual.Stats.RewardSum, expected.Stats.RewardSum, scale: normalizer * 3);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Stats.Pairs, Is.EqualTo(expected.Stats.Pairs));
            Assert.That(actual.Stats.Correct, Is.EqualTo(expected.Stats.Correct));
            Assert.That(actual.Stats.Rewards, Is.EqualTo(expected.Stats.Rewards));
            Assert.That(actual.Stats.RewardMin, Is.EqualTo(expected.Stats.RewardMin));
            Assert.That(actual.Stats.RewardMax, Is.EqualTo(expected.Stats.RewardMax));
        });
    }

    private (PreferenceStats Stats, float[] Chosen, float[] Rejected) Run(
        float[] chosen, float[] rejected, float[]? margins, float[]? labels, float noise, float centering, int stride, float normalizer)
    {
        int n = chosen.Length;
        using var c = Pinned.Pitched(chosen, n, 1, stride, float.NaN);
        using var r = Pinned.Of(rejected);
        using var m = Pinned.Of(margins ?? []);
        using var l = Pinned.Of(labels ?? []);
        using var gc = Pinned.Pitched(new float[n], n, 1, stride, 7f);
        using var gr = Pinned.Zeros<float>(n);
        using var stats = Pinned.Zeros<float>(PreferenceStats.Length);
        kernels.PairwiseLoss(new PairwiseLossArgs
        {
            Chosen = c, Rejected = r, Margins = margins is null ? default(ReadOnlyView<float>) : m, Labels = labels is null ? default(ReadOnlyView<float>) : l,
            Noise = noise, Centering = centering, Normalizer = normalizer, GradChosen = gc, GradRejected = gr, Stats = stats,
        });
        Expect.PadsUntouched(gc, 7f);
        return (PreferenceStats.Read(stats), gc.Dense(), gr.Dense());
    }
}
