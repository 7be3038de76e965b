using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class LabelSetTests
{
    [Test]
    public void LastLabels_AreKept_UpToTheCapacity()
    {
        var labels = new LabelSet(capacity: 3);
        labels.Update([Pair(1), Pair(2)], []);
        labels.Update([Pair(4), Pair(3)], []);
        Assert.That(labels.Snapshot().Select(pair => pair.Id), Is.EqualTo(new long[] { 2, 3, 4 }));
        Assert.That(labels.Added, Is.EqualTo(4));
    }

    [Test]
    public void Withdrawn_LabelsGo()
    {
        var labels = new LabelSet();
        labels.Update([Pair(1), Pair(2)], []);
        labels.Update([Pair(3)], [1]);
        Assert.That(labels.Snapshot().Select(pair => pair.Id), Is.EqualTo(new long[] { 2, 3 }));
    }

    [Test]
    public void SameLabel_CountsOnce()
    {
        var labels = new LabelSet();
        labels.Update([Pair(1)], []);
        labels.Update([Pair(1), Pair(2)], []);
        Assert.That(labels.Count, Is.EqualTo(2));
    }

    [Test]
    public void Snapshot_NeverChanges()
    {
        var labels = new LabelSet();
        labels.Update([Pair(1)], []);
        LabelledPair[] before = labels.Snapshot();
        labels.Update([Pair(2)], []);
        Assert.That(before, Has.Length.EqualTo(1));
    }

    private static LabelledPair Pair(long id)
    {
        RewardClip clip = Toy.Clip([0.5f, 1f], [0f]);
        return new LabelledPair(id, clip, clip, 1);
    }
}
