using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Tests.Policy;

/// <summary>What users read of the statistics views, and the ranges of the options.</summary>
public sealed class StatsTests
{
    [Test]
    public void PolicyStats_AreMeansOverCountedTokens()
    {
        using var view = Pinned.Of([0.5f, 4f, 1f, 2f, 8f, 6f, 5f, 3f, 12f]);
        PpoClipStats stats = PpoClipStats.Read(view);
        Assert.That(
            new[] { stats.ClipFraction, stats.DualClipFraction, stats.ApproxKlMean, stats.KlMean, stats.RatioMean, stats.EntropyMean },
            Is.EqualTo(new[] { 0.25, 0.5, 2, 1.5, 1.25, 3 }));
        Assert.That((stats + stats with { RatioMax = 9 }).RatioMax, Is.EqualTo(9));
        Assert.That(default(PpoClipStats).RatioMean, Is.Zero);
        Assert.That(PpoClipStats.AdditiveIdentity + stats, Is.EqualTo(stats));
    }

    [Test]
    public void ValueStats_AreMeansOverCountedPositions()
    {
        using var view = Pinned.Of([0.5f, 4f, 1f, 2f, 8f]);
        ValueClipStats stats = ValueClipStats.Read(view);
        Assert.That((stats.ClipFraction, stats.ValueMean), Is.EqualTo((0.25, 0.5)));
        Assert.That((default(ValueClipStats).ClipFraction, default(ValueClipStats).ValueMean), Is.EqualTo((0.0, 0.0)));
        Assert.That(ValueClipStats.AdditiveIdentity + stats + stats, Is.EqualTo(new ValueClipStats(1, 8, 2, 4, 16)));
    }

    [Test]
    public void PreferenceStats_AreMeansOverPairsAndItems()
    {
        using var view = Pinned.Of([0.5f, 4f, 1f, 2f, 8f, 16f, -1f, 3f]);
        PreferenceStats stats = PreferenceStats.Read(view);
        Assert.That((stats.Accuracy, stats.MarginMean, stats.RewardMean), Is.EqualTo((0.25, 0.5, 0.5)));
        PreferenceStats none = PreferenceStats.AdditiveIdentity;
        Assert.That((none.Accuracy, none.MarginMean, none.RewardMean), Is.EqualTo((0.0, 0.0, 0.0)));
        Assert.That(none + stats, Is.EqualTo(stats));
    }

    [Test]
    public void Stats_OfAnotherLength_AreRefused()
    {
        using var view = Pinned.Zeros<float>(2);
        Assert.That(() => PpoClipStats.Read(view), Throws.ArgumentException.With.Message.Contains("[2], expected [9]"));
        Assert.That(() => ValueClipStats.Read(default), Throws.ArgumentException.With.Message.Contains("is missing, expected [5]"));
    }

    [Test]
    public void Options_AreChecked()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new PpoClipOptions { ClipLow = 1.5f }.Validate(), Throws.ArgumentException.With.Message.EqualTo("ClipLow is 1.5, expected a number from 0 to 1"));
            Assert.That(() => new PpoClipOptions { ClipHigh = float.NaN }.Validate(), Throws.ArgumentException.With.Message.Contains("ClipHigh is NaN"));
            Assert.That(() => new PpoClipOptions { DualClip = 0.5f }.Validate(), Throws.ArgumentException.With.Message.Contains("DualClip is 0.5, expected 0 (off)"));
            Assert.That(() => new PpoClipOptions { LogRatioLimit = 100f }.Validate(), Throws.ArgumentException.With.Message.Contains("LogRatioLimit is 100"));
            Assert.That(() => default(PpoClipOptions).Validate(), Throws.Nothing);
            Assert.That((default(PpoClipOptions).ClipLow, default(PpoClipOptions).ClipHigh, default(PpoClipOptions).LogRatioLimit), Is.EqualTo((0.2f, 0.2f, 20f)));
        });
    }
}
