using Rlhf.Training.Data;

namespace Rlhf.Training.Tests.Data;

[TestFixture]
internal sealed class ShuffledOrderTests
{
    [Test]
    public void Take_GivesEachEpochAFreshPermutation()
    {
        var order = new ShuffledOrder(50, seed: 3);

        int[] first = order.Take(0, 50), second = order.Take(50, 50);

        Assert.Multiple(() =>
        {
            Assert.That(first, Is.EquivalentTo(Enumerable.Range(0, 50)));
            Assert.That(second, Is.EquivalentTo(Enumerable.Range(0, 50)));
            Assert.That(second, Is.Not.EqualTo(first));
            Assert.That(first, Is.Not.Ordered);
        });
    }

    [Test]
    public void Take_DependsOnSeedAndPositionOnly()
    {
        var walked = new ShuffledOrder(7, seed: 3);
        for (long position = 0; position < 30; position++)
            _ = walked[position];

        int[] jumped = new ShuffledOrder(7, seed: 3).Take(30, 12);

        Assert.Multiple(() =>
        {
            Assert.That(walked.Take(30, 12), Is.EqualTo(jumped));
            Assert.That(new ShuffledOrder(7, seed: 4).Take(30, 12), Is.Not.EqualTo(jumped));
        });
    }
}
