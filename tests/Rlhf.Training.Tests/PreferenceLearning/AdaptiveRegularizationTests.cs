using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class AdaptiveRegularizationTests
{
    private static readonly RegularizationOptions Quick = new() { WindowSteps = 1, Initial = 1e-4, Factor = 1.1 };

    [TestCase(1.6, 1.1, TestName = "Coefficient_Rises_AboveOneAndAHalf")]
    [TestCase(1.05, 1 / 1.1, TestName = "Coefficient_Falls_BelowOnePointOne")]
    [TestCase(1.3, 1.0, TestName = "Coefficient_Stays_InTheBand")]
    public void Coefficient_FollowsTheRatio(double ratio, double factor)
    {
        var l2 = new AdaptiveRegularization(Quick);
        l2.Observe(10, 20, ratio * 10, 20);
        Assert.That(l2.Coefficient, Is.EqualTo(1e-4 * factor).Within(1e-12));
    }

    [Test]
    public void Ratio_IsOfMeans_WhateverTheSizesOfTheSets()
    {
        // imitation hands over sums: with a third of the pairs held out, equal losses would read 0.5.
        var l2 = new AdaptiveRegularization(Quick);
        l2.Observe(0.5 * 64, 64, 0.65 * 32, 32);
        Assert.That(l2.Ratio, Is.EqualTo(1.3).Within(1e-12));
    }

    [Test]
    public void Ratio_ForgetsEarlierWindows()
    {
        var l2 = new AdaptiveRegularization(Quick with { WindowSteps = 2 });
        for (int i = 0; i < 2; i++)
            l2.Observe(100, 1, 1000, 1);
        Assert.That(l2.Ratio, Is.EqualTo(10));
        l2.Observe(1, 1, 1.2, 1);
        Assert.That(l2.Ratio, Is.EqualTo(10), "a window that is not full says nothing");
        l2.Observe(1, 1, 1.2, 1);
        Assert.That(l2.Ratio, Is.EqualTo(1.2).Within(1e-12));
    }

    [Test]
    public void Coefficient_StaysWithinItsBounds_WhateverTheRatio()
    {
        var l2 = new AdaptiveRegularization(Quick);
        for (int i = 0; i < 500; i++)
            l2.Observe(1, 1, 9, 1);
        Assert.That(l2.Coefficient, Is.EqualTo(Quick.Maximum));
        for (int i = 0; i < 500; i++)
            l2.Observe(1, 1, 1, 1);
        Assert.That(l2.Coefficient, Is.EqualTo(Quick.Minimum));
    }

    [Test]
    public void Coefficient_Stays_WithoutAValidationPair()
    {
        var l2 = new AdaptiveRegularization(Quick);
        l2.Observe(10, 20, 0, 0);
        Assert.That(l2.Coefficient, Is.EqualTo(1e-4));
        Assert.That(l2.ValidationLoss, Is.NaN);
    }

    [Test]
    public void Coefficient_IsZero_WhenSwitchedOff()
    {
        var l2 = new AdaptiveRegularization(Quick with { Enabled = false });
        l2.Observe(1, 1, 9, 1);
        Assert.That(l2.Coefficient, Is.Zero);
    }
}
