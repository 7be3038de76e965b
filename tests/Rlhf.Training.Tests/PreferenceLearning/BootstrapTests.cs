using Rlhf.Training.PreferenceLearning;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class BootstrapTests
{
    private const int Labels = 20000;

    [Test]
    public void Count_HasTheDistributionOfPoissonOne()
    {
        int[] counts = [.. Enumerable.Range(1, Labels).Select(label => Bootstrap.Count(7, 0, label))];
        double[] expected = [Math.Exp(-1), Math.Exp(-1), Math.Exp(-1) / 2, Math.Exp(-1) / 6];
        for (int k = 0; k < expected.Length; k++)
            Assert.That(counts.Count(count => count == k) / (double)Labels, Is.EqualTo(expected[k]).Within(0.012), $"{k} times");
        Assert.That(counts.Average(), Is.EqualTo(1).Within(0.03), "|D| triples in the mean");
    }

    [Test]
    public void Count_DoesNotChange_WhenLabelsArrive() => Assert.That(
        Enumerable.Range(1, 100).Select(label => Bootstrap.Count(3, 1, label)),
        Is.EqualTo(Enumerable.Range(1, 1000).Select(label => Bootstrap.Count(3, 1, label)).Take(100)));

    [Test]
    public void OutOfBag_IsOneInE_AndAnotherForEachMember()
    {
        bool[][] held = [.. Enumerable.Range(0, 3).Select(member => Enumerable.Range(1, Labels).Select(label => Bootstrap.Count(7, member, label) == 0).ToArray())];
        foreach (bool[] member in held)
            Assert.That(member.Count(isOut => isOut) / (double)Labels, Is.EqualTo(Bootstrap.OutOfBagShare).Within(0.012));
        double both = held[0].Zip(held[1], (a, b) => a && b).Count(isOut => isOut) / (double)Labels;
        Assert.That(both, Is.EqualTo(Bootstrap.OutOfBagShare * Bootstrap.OutOfBagShare).Within(0.012), "members are independent");
    }
}
